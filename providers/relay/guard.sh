# shellcheck shell=bash
# No interface of a relay is up without the table that guards it: `raise_interface` is the only place that sets one up.
#
# Gives: table_is_whole, is_guarded, require_guard, raise_interface, close_interface, close_interfaces, load_or_close.
# Needs, of the manifest: table.
# Needs, of core/protocol: peers.ts.

# table_is_whole: it is there, is not dormant, and has the chains that deny. Cheap: elements are not read.
table_is_whole() {
    local listing chain
    listing=$(nft -t list table inet "${want[table]}" 2>/dev/null) || return 1
    [[ "$listing" != *$'\n\tflags dormant'* ]] || return 1
    for chain in "guard prerouting" "input input" "forward forward"; do
        [[ "$listing" == *"chain ${chain% *} {"$'\n\t\t'"type filter hook ${chain#* } "* ]] || return 1
    done
}

# is_guarded DEVICE: the table is whole, and counts the interface among its own.
is_guarded() {
    local ours
    table_is_whole || return 1
    ours=$(nft list set inet "${want[table]}" ours 2>/dev/null) || return 1
    [[ "$ours" == *"\"$1\""* ]]
}

# require_guard DEVICE: takes an interface without its table down, even if another program set it up.
require_guard() {
    ! is_guarded "$1" || return 0
    close_interface "$1"
    refuse "the nftables table inet ${want[table]} does not protect $1, so the interface stays down" "run \`pulumi up --refresh\`, which loads the table"
}

raise_interface() {
    require_guard "$1"
    # Its port is taken only now, and may be another program's since it was set down.
    ! ip link set dev "$1" up 2>"$work/raise" || return 0
    ! grep -qi 'in use' "$work/raise" || refuse_port "$(recorded "$1" 2)"
    cat -- "$work/raise" >&2
    return 1
}

# An address of an interface that is down is still an address of the machine: others could reach its services.
close_interface() {
    interface_exists "$1" || return 0
    ip link set dev "$1" down
    ip address flush dev "$1"
}

# Those that are recorded as ours, and no other of the same name.
close_interfaces() {
    local device
    [[ -f "$(current peers)" || -f "$etc/mark.wireguard" ]] || return 0
    for device in $(interfaces); do close_interface "$device"; done
}

# load_or_close: the table from the current files, or no interface.
load_or_close() {
    if [[ -f "$(current firewall.nft)" ]] && load_firewall; then return 0; fi
    [[ -f "$(current firewall.nft)" || -f "$(current peers)" ]] || return 0
    close_interfaces
    refuse "the nftables table inet ${want[table]} could not be loaded from $(current firewall.nft)" "run \`pulumi up --refresh\`, which writes and loads it again"
}
