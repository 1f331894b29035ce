# Deletes the network link that is named as the argument, by one netlink message: `ip` is not on every system, the base of
# Perl is on every Debian one. Ends with a sentence when the kernel refuses.
use strict;
use warnings;

my $name = "$ARGV[0]\0";
my $attribute = pack('SS', 4 + length $name, 3) . $name . "\0" x (-length($name) % 4);    # IFLA_IFNAME
my $body = pack('CxSlLL', 0, 0, 0, 0, 0) . $attribute;

socket(my $socket, 16, 3, 0) or die "cannot open a netlink socket: $!\n";
send($socket, pack('LSSLL', 16 + length $body, 17, 5, 1, 0) . $body, 0) or die "cannot ask the kernel: $!\n";    # RTM_DELLINK
recv($socket, my $answer, 8192, 0);
$! = -unpack('l', substr($answer, 16, 4));
die "$!\n" if $! != 0;
