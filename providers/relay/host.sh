# shellcheck shell=bash
# That the machine can run a relay: tools, directories, the program for boots, units where there is systemd.

step_host() {
    check_tools
    install -d -m 0700 -- "$etc" "$run"
    printf '%s\n' "${want[owner]}" | install_file "$etc/owner"
    install_program
    install_file "$etc/manifest" <"$work/boot-manifest"
    install_units
    write_mark host
    commit
    report_host
}

# What starts at boot is the program of the last apply, whichever step that was.
install_program() { cmp -s "$work/program" "$etc/program" || install_file "$etc/program" 0700 <"$work/program"; }

# What every step needs; the package manager's name for what has another one.
TOOLS=(wg nft ip ss awk sed flock setsid unshare mount curl sysctl xargs sha256sum)

check_tools() {
    [[ "${want[packages]:-require}" != install ]] || install_packages
    local missing
    missing=$(missing_tools)
    [[ -z "$missing" ]] || refuse "missing on the relay: $missing" \
        "install wireguard-tools, nftables, iproute2, curl, procps and util-linux with the distribution's package manager"
    [[ "$(backend)" != none ]] || refuse "the kernel has no WireGuard and wireguard-go is not installed" \
        "install wireguard-go, or a kernel with the wireguard module"
    [[ "$(backend)" != userspace || -c /dev/net/tun ]] || refuse "/dev/net/tun is not there, and wireguard-go needs it" "load the tun module"
}

missing_tools() {
    local tool missing=()
    for tool in "${TOOLS[@]}"; do have "$tool" || missing+=("$tool"); done
    printf '%s' "${missing[*]}"
}

# With the distribution's own package manager, without recommended packages: on Debian a kernel would come along.
install_packages() {
    modprobe wireguard 2>/dev/null || true
    [[ -z "$(missing_tools)" ]] || install_with_manager ""
    # Only the tools can tell whether the kernel has it.
    [[ "$(backend)" != none ]] || install_with_manager wireguard-go
}

# install_with_manager MORE: what every relay needs, and MORE.
install_with_manager() {
    local go=$1 output="$work/packages"
    if have apt-get; then
        export DEBIAN_FRONTEND=noninteractive
        { apt-get -q update && apt-get -q install -y --no-install-recommends wireguard-tools nftables iproute2 curl procps util-linux ${go:+"$go"}; } >"$output" 2>&1
    elif have dnf; then
        dnf -q -y install wireguard-tools nftables iproute curl procps-ng util-linux ${go:+"$go"} >"$output" 2>&1
    elif have pacman; then
        pacman -Sy --noconfirm --needed wireguard-tools nftables iproute2 curl procps-ng util-linux ${go:+"$go"} >"$output" 2>&1
    elif have apk; then
        apk add --quiet wireguard-tools nftables iproute2 curl procps util-linux coreutils ${go:+"$go"} >"$output" 2>&1
    else
        refuse "missing on the relay: $(missing_tools) $go, and its package manager is not one of apt-get, dnf, pacman, apk" "install them by hand"
    fi || refuse "the package manager failed: $(tail -n 2 "$output" | tr '\n' ' ')" "mend it, or install the packages by hand and set packages: \"require\""
}

backend() {
    if unshare -n ip link add qptcheck type wireguard 2>/dev/null; then
        echo kernel
    elif have wireguard-go; then
        echo userspace
    else
        echo none
    fi
}

# A namespace that was made anew is another machine.
machine_id() {
    local id
    id=$(cat /etc/machine-id 2>/dev/null || cat /proc/sys/kernel/random/boot_id)
    printf '%s%s\n' "$id" "${want[namespace]:+/$(stat -L -c %i /proc/self/ns/net)}"
}

# Where the machine is reached: the address it uses towards its default gateway, else its first one.
own_address() {
    local device
    device=$(ip -o -4 route show default | awk '{ for (i = 1; i < NF; i++) if ($i == "dev") { print $(i + 1); exit } }')
    ip -o -4 address show scope global ${device:+dev "$device"} |
        awk -v ours="${want[interface]}" '$2 != ours { sub(/\/.*/, "", $4); print $4; exit }'
}

install_units() {
    uses_systemd || return 0
    local file unit
    for file in "$work"/unit.*; do
        unit=${file##*/unit.}
        install_file "/etc/systemd/system/$unit" 0644 <"$file"
    done
    systemctl --quiet daemon-reload
    for file in "$work"/unit.*; do systemctl --quiet enable "${file##*/unit.}"; done
}

step_host_delete() {
    bears_mark host || { echo skipped | answer skipped; return 0; }
    stop_process proxy
    stop_process watch
    local device
    for device in $(interfaces); do stop_process "wireguard.$device"; done
    if uses_systemd; then
        disarm_rollback
        local file
        for file in /etc/systemd/system/"${want[name]}"-{watch,firewall,wireguard,wireguard-b,proxy}.service; do
            [[ -e "$file" ]] || continue
            systemctl --quiet disable --now "${file##*/}"
            rm -f -- "$file"
        done
        systemctl --quiet daemon-reload
    fi
    rm -rf -- "$etc"
    rm -rf -- "$run"
}

# Everything of this relay in this place, whichever resource it belongs to, in the order of a destroy: for a relay
# that moves to another name or another machine. The owner has been checked.
step_remove() {
    local part
    for part in grants proxy wireguard firewall host; do
        [[ -f "$etc/mark.$part" ]] || continue
        want[id]=$(<"$etc/mark.$part")
        "step_${part}_delete"
    done
}

# What TypeScript must know before it begins anything; nothing is changed and no lock is taken.
step_facts() {
    {
        printf 'machine\t%s\n' "$(machine_id)"
        [[ ! -f "$etc/generation" ]] || printf 'generation\t%s\n' "$(<"$etc/generation")"
        [[ ! -f "$etc/audit-mark" ]] || printf 'auditMark\t%s\n' "$(<"$etc/audit-mark")"
        [[ -z "${QP_TUNNEL_CLIENT:-}" ]] || printf 'client\t%s\n' "$QP_TUNNEL_CLIENT"
        [[ ! -f "$etc/rolled-back" ]] || awk 'NR == 1 { print "rolledBack\t" $0 } NR == 2 { print "cutOff\t" $0 }' "$etc/rolled-back"
        [[ ! -f "$etc/owner" ]] || printf 'owner\t%s\n' "$(<"$etc/owner")"
        # A machine that was never set up may lack it: its packages come with the first step.
        have ip || ip() { true; }
        { ip -o -4 address show; ip -o -6 address show; } 2>/dev/null | awk '{ print "address\t" $2 " " $4 }'
        { ip -4 route show; ip -6 route show; } 2>/dev/null |
            awk '{ via = dev = ""; for (i = 1; i < NF; i++) { if ($i == "via") via = $(i + 1); if ($i == "dev") dev = $(i + 1) }
                   print "route\t" $1 " " dev " " via }'
    } | answer facts
    [[ ! -f "$etc/journal" ]] || answer journal <"$etc/journal"
}

report_host() {
    {
        printf 'machine\t%s\n' "$(machine_id)"
        printf 'address\t%s\n' "$(own_address)"
        printf 'wireguard\t%s\n' "$(backend)"
        if uses_systemd; then printf 'supervisor\tsystemd\n'; else printf 'supervisor\tprocesses\n'; fi
        printf 'wg\t%s\n' "$(wg --version | awk '{ print $2; exit }')"
        printf 'nft\t%s\n' "$(nft --version | awk '{ print $2; exit }')"
        printf 'kernel\t%s\n' "$(uname -r)"
        ! have caddy || printf 'caddy\t%s\n' "$(caddy version 2>/dev/null | awk '{ print $1; exit }')"
    } | answer host
    nft -j list ruleset 2>/dev/null | answer ruleset
}

step_read() {
    if [[ ! -f "$etc/mark.${want[what]}" ]]; then
        echo "${want[what]}" | answer missing
        return 0
    fi
    answer mark <"$etc/mark.${want[what]}"
    [[ -z "${want[record]:-}" ]] || report_record
    case "${want[what]}" in
    host) report_host ;;
    firewall | grants) report_firewall ;;
    wireguard) report_wireguard ;;
    proxy) report_proxy ;;
    esac
}
