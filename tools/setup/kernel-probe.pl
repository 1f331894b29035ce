# Asks the kernel for what containers are made of, in throw-away namespaces: nothing on the host changes.
# Perl, because its base is on every Debian system, while nft and ip may still be missing.
# Argument: an empty directory for the overlay. Prints "ok NAME" or "missing NAME: REASON" for each.
use strict;
use warnings;

my ($NETFILTER, $ROUTE) = (12, 0);

sub ask {                              # one netlink request; returns errno, 0 when the kernel did it
    my ($protocol, $type, $flags, $body) = @_;
    socket(my $socket, 16, 3, $protocol) or return $! + 0;
    my $message = pack('LSSLL', 16 + length $body, $type, $flags, 1, 0) . $body;
    defined send($socket, $message, 0) or return $! + 0;
    local $SIG{ALRM} = sub { die "timeout\n" };
    alarm 5;
    recv($socket, my $answer, 8192, 0);
    alarm 0;
    my (undef, $kind) = unpack('LS', $answer);
    return 0 if $kind != 2;            # 2 = NLMSG_ERROR
    return -unpack('l', substr($answer, 16, 4));
}

sub attribute {
    my ($type, $value) = @_;
    my $filled = $value . "\0" x (-length($value) % 4);
    return pack('SS', 4 + length $value, $type) . $filled;
}

sub link_of_kind {                     # RTM_NEWLINK, create + exclusive + acknowledge
    my ($name, $kind) = @_;
    my $body = pack('CxSlLL', 0, 0, 0, 0, 0) . attribute(3, "$name\0") . attribute(18, attribute(1, $kind));
    return ask($ROUTE, 16, 0x605, $body);
}

sub report {
    my ($name, $errno) = @_;
    local $! = $errno;
    print $errno == 0 ? "ok $name\n" : "missing $name: $!\n";
}

report('nftables', ask($NETFILTER, (10 << 8) | 16, 1, pack('CCn', 0, 0, 0)));   # NFT_MSG_GETGEN
report('bridge', link_of_kind('probebr', 'bridge'));
report('veth', link_of_kind('probeve', 'veth'));

my $at = $ARGV[0];                     # an empty directory where the engine will keep its layers
my $made = mkdir("$at/lower") && mkdir("$at/upper") && mkdir("$at/work") && mkdir("$at/merged");
$made &&= system("mount -t overlay overlay -o lowerdir=$at/lower,upperdir=$at/upper,workdir=$at/work $at/merged 2>&1") == 0;
print $made ? "ok overlayfs\n" : "missing overlayfs: the mount was refused in $at\n";
