#!/usr/bin/env perl
# Sends packets in network namespaces, and says where each arrived and where its answer did.
#
#     perl packets.pl < REQUEST.json
#
# {"hosts": {"alice": {"namespace": "…", "device": "wg0", "own": ["10.8.0.2"]}, "relay": {"namespace": "…", "own": []}},
#  "ports": [22], "protocols": [6], "patience": 0.2,
#  "packets": [{"from": "alice", "src": "10.8.0.2", "dst": "10.8.0.3", "proto": 6, "sport": 40000, "dport": 22, "id": 1}]}
#
# A host with a device sees what comes in by it; one without, what its firewall passes to the machine itself. The hosts' kernels answer pings
# and TCP, on ports where nothing listens; this program answers datagrams that arrive at an address of their own. Prints for each packet
# {"arrived": ["bob"], "answered": ["alice"]}.
use strict;
use warnings;
use JSON::PP;
use POSIX ();
use Socket qw(:DEFAULT :all);
use Time::HiRes qw(time);

use constant {
    NEW_NETWORK => 0x40000000, INTERFACE_INDEX => 0x8933, BUFFER_FORCED => 33, PACKETS => 17, OUTGOING => 4,
    TCP => 6, UDP => 17, PING => 1, PING6 => 58, SEQUENCE => 0x51000000,
};
my $setns = { x86_64 => 308, aarch64 => 268 }->{ (POSIX::uname())[4] } or die "setns: unknown architecture\n";
my $asked = decode_json(do { local $/; <STDIN> });
my (%hosts, @listening, @bound);
opened($_, $asked->{hosts}{$_}) for sort keys %{ $asked->{hosts} };

my %by_id = map { $_->{id} => $_ } @{ $asked->{packets} };
my %seen;
my $number = 0;
for my $packet (@{ $asked->{packets} }) {
    sent($packet->{from}, bytes_of($packet, "?"), $packet->{dst});
    # Before the queue of an interface is full.
    drain(0.004) if ++$number % 25 == 0;
}
drain($asked->{patience});
print encode_json([map { fate($_->{id}) } @{ $asked->{packets} }]);

sub fate {
    my ($id) = @_;
    return { map { $_ => [sort keys %{ $seen{$id}{$_} || {} }] } qw(arrived answered) };
}

sub opened {
    my ($name, $host) = @_;
    open(my $namespace, "<", "/run/netns/$host->{namespace}") or die "$host->{namespace}: $!\n";
    syscall($setns, fileno($namespace), NEW_NETWORK) == 0 or die "$host->{namespace}: $!\n";
    my %to = map { $_ => socket_of($_, SOCK_RAW, 255) } AF_INET, AF_INET6;
    $hosts{$name} = { to => \%to, own => { map { address($_) => 1 } @{ $host->{own} } } };
    # A closed port would answer with an error, for each datagram a second time.
    for my $port (@{ $asked->{ports} }) {
        push @bound, my $closed = socket_of(AF_INET6, SOCK_DGRAM, UDP);
        setsockopt($closed, IPPROTO_IPV6, IPV6_V6ONLY, 0);
        bind($closed, pack_sockaddr_in6($port, IN6ADDR_ANY)) or die "$name: port $port: $!\n";
    }
    if (!defined $host->{device}) {
        listens($name, socket_of(AF_INET, SOCK_RAW, $_), AF_INET, $_) for grep { $_ != PING6 } @{ $asked->{protocols} };
        listens($name, socket_of(AF_INET6, SOCK_RAW, $_), AF_INET6, $_) for grep { $_ != PING } @{ $asked->{protocols} };
        return;
    }
    my $request = pack("a16 x24", $host->{device});
    ioctl($to{ +AF_INET }, INTERFACE_INDEX, $request) or die "$name: $host->{device}: $!\n";
    my $device = socket_of(PACKETS, SOCK_DGRAM, unpack("S", pack("n", 3)));
    bind($device, pack("S n i S C C a8", PACKETS, 3, unpack("x16 i", $request), 0, 0, 0, "")) or die "$name: $!\n";
    listens($name, $device, PACKETS, 0);
}

sub socket_of {
    socket(my $socket, $_[0], $_[1], $_[2]) or die "socket @_: $!\n";
    setsockopt($socket, SOL_SOCKET, BUFFER_FORCED, 1 << 23);
    return $socket;
}

sub listens {
    my ($name, $socket, $family, $proto) = @_;
    push @listening, { host => $name, socket => $socket, family => $family, proto => $proto };
}

sub is_ping { $_[0] == PING || $_[0] == PING6 }

sub address { inet_pton($_[0] =~ /:/ ? AF_INET6 : AF_INET, $_[0]) }

sub sent {
    my ($from, $bytes, $dst) = @_;
    my $six = $dst =~ /:/;
    my $to = $six ? pack_sockaddr_in6(0, address($dst)) : pack_sockaddr_in(0, address($dst));
    # What the sender's own kernel does not send arrives nowhere: that is all there is to know.
    send($hosts{$from}{to}{ $six ? AF_INET6 : AF_INET }, $bytes, 0, $to);
}

sub checksum {
    my ($bytes) = @_;
    $bytes .= "\0" if length($bytes) % 2;
    my $sum = 0;
    $sum += $_ for unpack("n*", $bytes);
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
    return ~$sum & 0xffff;
}

# A question "?" or an answer "!", with the packet's number.
sub bytes_of {
    my ($of, $kind) = @_;
    my ($proto, $id) = @$of{qw(proto id)};
    my $six = $of->{src} =~ /:/;
    my ($src, $dst) = map { address($of->{$_}) } qw(src dst);
    my $note = "qpt$kind" . pack("N", $id);
    my ($at, $inner) =
        $proto == TCP ? (16, pack("nnNNCCnnn", $of->{sport}, $of->{dport}, SEQUENCE + $id, 0, 5 << 4, 2, 1000, 0, 0))
      : $proto == UDP ? (6, pack("nnnn", $of->{sport}, $of->{dport}, 16, 0) . $note)
      : is_ping($proto) ? (2, pack("CCnnn", $six ? 128 : 8, 0, 0, $of->{sport}, 1) . $note)
      :                   (undef, $note);
    if (defined $at) {
        my $pseudo =
            $proto == PING ? "" : $src . $dst . ($six ? pack("N x3 C", length $inner, $proto) : pack("x C n", $proto, length $inner));
        substr($inner, $at, 2) = pack("n", checksum($pseudo . $inner) || 0xffff);
    }
    return pack("N n C C", 6 << 28, length $inner, $proto, 64) . $src . $dst . $inner if $six;
    my $header = pack("CCnnnCCn", 0x45, 0, 20 + length $inner, $id & 0xffff, 0, 64, $proto, 0) . $src . $dst;
    substr($header, 10, 2) = pack("n", checksum($header));
    return $header . $inner;
}

# Takes what arrives until it has been quiet for a while.
sub drain {
    my ($quiet) = @_;
    for (my $end = time + $quiet; (my $left = $end - time) > 0;) {
        my $bits = "";
        vec($bits, fileno($_->{socket}), 1) = 1 for @listening;
        select(my $ready = $bits, undef, undef, $left) or last;
        for my $from (grep { vec($ready, fileno($_->{socket}), 1) } @listening) {
            while (defined(my $address = recv($from->{socket}, my $bytes, 4096, MSG_DONTWAIT))) {
                next if $from->{family} == PACKETS && unpack("x10 C", $address) == OUTGOING;
                $end = time + $quiet if arrived($from, $bytes);
            }
        }
    }
}

# Whether it is a packet of ours.
sub arrived {
    my ($from, $bytes) = @_;
    my ($proto, $src, $dst, $inner) = ($from->{proto}, undef, undef, $bytes);
    if ($from->{family} != AF_INET6) {
        my $six = ord($bytes) >> 4 == 6;
        ($proto, $src, $dst) = $six ? unpack("x6 C x a16 a16", $bytes) : unpack("x9 C x2 a4 a4", $bytes);
        $inner = substr($bytes, $six ? 40 : (ord($bytes) & 15) * 4);
    }
    my ($kind, $id) = read_note($proto, $inner) or return 0;
    my $packet = $by_id{$id // -1} or return 0;
    $seen{$id}{ $kind eq "?" ? "arrived" : "answered" }{ $from->{host} } = 1;
    return 1 if $proto != UDP || $kind ne "?";
    ($src, $dst) = map { address($packet->{$_}) } qw(src dst) if !defined $src;
    answer($from->{host}, $src, $dst, unpack("nn", $inner), $id);
    return 1;
}

sub read_note {
    my ($proto, $inner) = @_;
    if ($proto == TCP) {
        my ($sequence, $acknowledged, $flags) = unpack("x4 N N x C", $inner . "\0" x 20);
        return ("?", $sequence - SEQUENCE) if ($flags & 18) == 2;
        return $flags & 4 ? ("!", $acknowledged - 1 - SEQUENCE) : ();
    }
    my $type = is_ping($proto) ? ord($inner) : -1;
    my $note = substr($inner, $proto == UDP || is_ping($proto) ? 8 : 0, 8) // "";
    return () if length $note < 8 || $note !~ /^qpt[?!]/;
    my $id = unpack("x4 N", $note);
    return $type == 0 || $type == 129 ? ("!", $id) : $type == 8 || $type == 128 ? ("?", $id) : () if $type >= 0;
    return (substr($note, 3, 1), $id);
}

# From the relay without asking: what its firewall has passed to it is for it.
sub answer {
    my ($host, $src, $dst, $sport, $dport, $id) = @_;
    return if %{ $hosts{$host}{own} } && !$hosts{$host}{own}{$dst};
    my ($from, $to) = map { inet_ntop(length == 16 ? AF_INET6 : AF_INET, $_) } $dst, $src;
    my $packet = { src => $from, dst => $to, proto => UDP, sport => $dport, dport => $sport, id => $id };
    sent($host, bytes_of($packet, "!"), $to);
}
