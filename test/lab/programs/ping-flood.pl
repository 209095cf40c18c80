# Sends echo requests that all look like pings of their own: `ping-flood.pl DESTINATION COUNT`. Says how many were answered.
use strict;
use warnings;
use Socket qw(:all);

my ($destination, $count) = @ARGV;
socket(my $raw, AF_INET, SOCK_RAW, 1) or die "socket: $!";
setsockopt($raw, SOL_SOCKET, SO_RCVBUF, 1 << 22);
my $to = pack_sockaddr_in(0, inet_aton($destination));
my $answers = 0;
for my $id (1 .. $count) {
    my $sum = 0x0800 + $id;
    $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
    send($raw, pack("CCnnn", 8, 0, ~$sum & 0xffff, $id, 0), 0, $to);
    $answers++ while answered(0);
}
$answers++ while answered(1);
print "$answers\n";

sub answered {
    my $wait = "";
    vec($wait, fileno($raw), 1) = 1;
    return 0 unless select($wait, undef, undef, $_[0]);
    recv($raw, my $packet, 2048, 0);
    return 1;
}
