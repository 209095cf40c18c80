# Says that a packet was too big: `icmp-error.pl SOURCE DESTINATION MTU INNER-SOURCE INNER-DESTINATION PROTOCOL SPORT DPORT`, where
# the inner ones are the packet's that the error is about. Raw sockets, which node has not.
use strict;
use warnings;
use Socket qw(:all);

my ($source, $destination, $mtu, $from, $to, $protocol, $sport, $dport) = @ARGV;
my $ports = pack("nnnn", $sport, $dport, 100, 0);
if ($destination =~ /:/) {
    my $inner = pack("NnCCa16a16", 0x60000000, 100, $protocol, 64, inet_pton(AF_INET6, $from), inet_pton(AF_INET6, $to)) . $ports;
    socket(my $raw, AF_INET6, SOCK_RAW, 58) or die "socket: $!";
    bind($raw, pack_sockaddr_in6(0, inet_pton(AF_INET6, $source))) or die "bind: $!";
    # The kernel puts the checksum in.
    defined send($raw, pack("CCnN", 2, 0, 0, $mtu) . $inner, 0, pack_sockaddr_in6(0, inet_pton(AF_INET6, $destination))) or die "send: $!";
} else {
    my $header = pack("CCnnnCCna4a4", 0x45, 0, 128, 1, 0x4000, 64, $protocol, 0, inet_aton($from), inet_aton($to));
    substr($header, 10, 2) = pack("n", checksum($header));
    my $body = pack("nn", 0, $mtu) . $header . $ports;
    my $error = pack("CCn", 3, 4, 0) . $body;
    substr($error, 2, 2) = pack("n", checksum($error));
    socket(my $raw, AF_INET, SOCK_RAW, 1) or die "socket: $!";
    bind($raw, pack_sockaddr_in(0, inet_aton($source))) or die "bind: $!";
    defined send($raw, $error, 0, pack_sockaddr_in(0, inet_aton($destination))) or die "send: $!";
}

sub checksum {
    my $sum = 0;
    $sum += $_ for unpack("n*", $_[0]);
    $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
    return ~$sum & 0xffff;
}
