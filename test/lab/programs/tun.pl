#!/usr/bin/env perl
# A router in a network namespace of its own, whose interfaces "wg0" and "eth0" end here: sends packets in by them, and says which
# the kernel passed, to another interface or to itself. It answers what arrives at itself, as no port is open.
#
#     perl tun.pl RULESET.nft PACKETS.json
#
# Packets: [{"iif":"wg0","src":"10.8.0.2","dst":"10.8.0.3","proto":6,"sport":40000,"dport":22}]. Prints a list of true and false.
use strict;
use warnings;
use Fcntl;
use JSON::PP;
use Socket qw(inet_aton);
use Time::HiRes qw(time);

my ($ruleset, $file) = @ARGV;
my %tun;
for my $name (qw(wg0 eth0)) {
    sysopen(my $handle, "/dev/net/tun", O_RDWR | O_NONBLOCK) or die "/dev/net/tun: $!\n";
    my $request = pack("Z16 S x22", $name, 0x1001);    # IFF_TUN | IFF_NO_PI
    ioctl($handle, 0x400454ca, $request) or die "TUNSETIFF: $!\n";
    $tun{$name} = $handle;
}
my @settings = (
    "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0", "net.ipv4.icmp_msgs_per_sec=100000",
    map { "net.ipv4.conf.$_.rp_filter=0" } qw(all default wg0 eth0)
);
for my $command (
    "ip link set lo up", "ip link set wg0 up", "ip link set eth0 up",
    "ip address add 10.8.0.1/24 dev wg0", "ip address add 198.51.100.2/24 dev eth0",
    "ip route add 192.168.7.0/24 dev wg0", "ip route add default dev eth0",
    "sysctl -qw @settings", "nft -f $ruleset"
) {
    system($command) == 0 or die "$command failed\n";
}

sub checksum {
    my ($bytes) = @_;
    $bytes .= "\0" if length($bytes) % 2;
    my $sum = 0;
    $sum += $_ for unpack("n*", $bytes);
    $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
    return ~$sum & 0xffff;
}

# Everything that comes out until it has been quiet for a while.
sub drain {
    my ($patience) = @_;
    my @found;
    my $end = time + $patience;
    while ((my $left = $end - time) > 0) {
        my $bits = "";
        vec($bits, fileno($_), 1) = 1 for values %tun;
        select(my $ready = $bits, undef, undef, $left) or last;
        for my $handle (values %tun) {
            next unless vec($ready, fileno($handle), 1);
            while (sysread($handle, my $bytes, 4096)) { push @found, $bytes; $end = time + $patience }
        }
    }
    return @found;
}

sub packet {
    my ($number, $of) = @_;
    my ($src, $dst) = map { inet_aton($of->{$_}) } qw(src dst);
    my ($proto, @ports) = ($of->{proto}, $of->{sport}, $of->{dport});
    my $inner =
        $proto == 6 ? pack("nnNNCCnnn", @ports, 1000 + $number, 0, 5 << 4, 2, 1000, 0, 0)
      : $proto == 17 ? pack("nnnn", @ports, 12, 0) . "abcd"
      :                pack("CCnnn", 8, 0, 0, $number, 1) . "abcdefgh";
    my $at = $proto == 6 ? 16 : $proto == 17 ? 6 : 2;
    my $pseudo = $proto == 1 ? "" : $src . $dst . pack("CCn", 0, $proto, length $inner);
    substr($inner, $at, 2) = pack("n", checksum($pseudo . $inner));
    my $header = pack("CCnnnCCn", 0x45, 0, 20 + length $inner, $number, 0, 64, $proto, 0) . $src . $dst;
    substr($header, 10, 2) = pack("n", checksum($header));
    return $header . $inner;
}

open(my $input, "<", $file) or die "$file: $!\n";
my $packets = decode_json(do { local $/; <$input> });
drain(0.2);
my $number = 0;
my @all;
for my $of (@$packets) {
    syswrite($tun{ $of->{iif} }, packet(++$number, $of)) or die "$!\n";
    # Before the queue of an interface is full.
    push @all, drain(0.01) if $number % 100 == 0;
}
push @all, drain(0.5);

# By the number that each carries: in its header where it was forwarded, in what it is answered with otherwise.
my %passed;
for my $bytes (@all) {
    next unless ord($bytes) >> 4 == 4;
    my ($id, $proto) = (unpack("x4 n", $bytes), ord(substr($bytes, 9, 1)));
    my $inner = substr($bytes, 20);
    my $type = ord($inner);
    if ($proto == 6) {
        my ($sequence, $acknowledged, $flags) = unpack("x4 N N x C", $inner);
        $passed{ $flags & 4 ? $acknowledged - 1001 : $sequence - 1000 } = 1;
    }
    elsif ($proto == 17) { $passed{$id} = 1 }
    elsif ($proto == 1 && ($type == 8 || $type == 0)) { $passed{ unpack("x4 n", $inner) } = 1 }
    # "Port unreachable" with the packet's own header: nothing listens there.
    elsif ($proto == 1 && $type == 3) { $passed{ unpack("x12 n", $inner) } = 1 }
}
print encode_json([map { $passed{$_} ? JSON::PP::true : JSON::PP::false } 1 .. $number]);
