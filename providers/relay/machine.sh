# shellcheck shell=bash
# Whether a machine can run a relay, found out before anything on it is changed, and what is put right without asking:
# missing packages when the program says so, and a loopback that is down.
#
# Gives: check_basics, check_machine, backend, own_address.
# Needs, of the manifest: packages, interface.

# What reading the bundle and the lock need; of the rest, the step `host` speaks.
check_basics() {
    local missing
    missing=$(missing_of awk sed flock mktemp)
    [[ -z "$missing" ]] || refuse "missing on the relay: $missing" \
        "install awk, sed, coreutils and util-linux with the distribution's package manager"
}

# What every step needs; the package manager's name for what has another one.
TOOLS=(wg nft ip ss awk sed flock setsid unshare mount curl sysctl xargs sha256sum)

check_machine() {
    [[ "${want[packages]:-require}" != install ]] || install_packages
    local missing
    missing=$(missing_tools)
    [[ -z "$missing" ]] || refuse "missing on the relay: $missing" \
        "install wireguard-tools, nftables, iproute2, curl, procps and util-linux with the distribution's package manager"
    [[ "$(backend)" != none ]] || refuse "the kernel has no WireGuard and wireguard-go is not installed" \
        "install wireguard-go, or a kernel with the wireguard module"
    [[ "$(backend)" != userspace || -c /dev/net/tun ]] || refuse "/dev/net/tun does not exist, and wireguard-go needs it" "load the tun module"
    check_firewall_modules
    check_sysctls
    raise_loopback
}

missing_tools() { missing_of "${TOOLS[@]}"; }

missing_of() {
    local tool missing=()
    for tool in "$@"; do has_command "$tool" || missing+=("$tool"); done
    printf '%s' "${missing[*]}"
}

backend() {
    if unshare -n ip link add qptcheck type wireguard 2>/dev/null; then
        echo kernel
    elif has_command wireguard-go; then
        echo userspace
    else
        echo none
    fi
}

# Without one of these the kernel refuses the whole table, and says "No such file or directory".
check_firewall_modules() {
    local lacking
    # shellcheck disable=SC2016 # expands in the inner shell
    lacking=$(
        printf '%s\n' 'nft_ct in ct state established accept' 'nft_fib_inet in fib saddr . iif oif missing drop' \
            'nft_limit in limit rate 1/second accept' 'nft_masq out masquerade' |
            unshare -n bash -c '
                nft "add table inet qptcheck" || { printf "nf_tables "; exit; }
                nft "add chain inet qptcheck in { type filter hook prerouting priority 0; }"
                nft "add chain inet qptcheck out { type nat hook postrouting priority 100; }" || printf "nft_chain_nat "
                while read -r module rule; do nft "add rule inet qptcheck $rule" || printf "%s " "$module"; done' check 2>/dev/null || true
    )
    [[ -z "$lacking" ]] || refuse "the kernel lacks modules that the firewall needs: ${lacking% }" \
        "load these modules with modprobe, or start a kernel that has them"
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
    if has_command apt-get; then
        # The lock of the package lists is not covered by this option, which apt-get waits for with that of dpkg.
        local wait=(-q -o "DPkg::Lock::Timeout=$PACKAGE_LOCK_SECONDS")
        export DEBIAN_FRONTEND=noninteractive
        unlocked "$output" apt-get "${wait[@]}" update &&
            unlocked "$output" apt-get "${wait[@]}" install -y --no-install-recommends wireguard-tools nftables iproute2 curl procps util-linux ${go:+"$go"}
    elif has_command dnf; then
        dnf -q -y install wireguard-tools nftables iproute curl procps-ng util-linux ${go:+"$go"} >"$output" 2>&1
    elif has_command pacman; then
        # Without -y: newer lists with older packages are what Arch calls a partial upgrade, and does not support.
        unlocked "$output" pacman -S --noconfirm --needed wireguard-tools nftables iproute2 curl procps-ng util-linux ${go:+"$go"}
    elif has_command apk; then
        apk add --wait "$PACKAGE_LOCK_SECONDS" --quiet wireguard-tools nftables iproute2 curl procps util-linux coreutils ${go:+"$go"} >"$output" 2>&1
    else
        refuse "missing on the relay: $(missing_tools) $go, and its package manager is not apt-get, dnf, pacman or apk" "install them by hand"
    fi || refuse "the package manager failed: $(tail -n 2 "$output" | tr '\n' ' ')" \
        "fix the reported problem, or install the packages by hand and set packages: \"require\""
}

# A new machine of a cloud upgrades itself for some minutes after its first boot.
PACKAGE_LOCK_SECONDS=300

# unlocked OUTPUT COMMAND...: again while another package manager holds the lock, as long as it may take.
unlocked() {
    local output=$1 deadline
    shift
    # The time of day is often set while a new machine starts.
    steady_clock || return 1
    deadline=$((SECONDS + PACKAGE_LOCK_SECONDS))
    until "$@" >"$output" 2>&1; do
        steady_clock || return 1
        grep -qiE 'could not get lock|unable to lock|is another process using it' "$output" && ((SECONDS < deadline)) || return 1
        sleep 2
    done
}

# Where /proc/sys cannot be written, as in a container, a new interface has the values that new interfaces get there.
check_sysctls() {
    local device=${want[interface]} where name value wrong=()
    ! can_set_sysctls || return 0
    [[ -e "$sysctl_root/net/ipv4/conf/$device" ]] || device=default
    while read -r where name value; do
        [[ "$(<"$sysctl_root/net/ipv4/conf/$where/$name")" == "$value" ]] || wrong+=("net.ipv4.conf.$where.$name=$value")
    done <<<"$device forwarding 1"$'\n'"$device rp_filter 2"$'\n'"$device send_redirects 0"$'\n'"all send_redirects 0"
    ((${#wrong[@]} == 0)) || refuse "kernel settings cannot be changed here: /proc/sys is read-only, as in a container" \
        "set ${wrong[*]} where the machine is started (docker run --sysctl KEY=VALUE), or make /proc/sys writable"
}

# Writing the value that is there changes nothing, and tells more than the file's mode does.
can_set_sysctls() {
    local path=$sysctl_root/net/ipv4/conf/default/send_redirects value
    value=$(<"$path")
    { printf '%s\n' "$value" >"$path"; } 2>/dev/null
}

# In a network namespace that was just made it is down, and nothing on the machine reaches an address of its own.
raise_loopback() { is_up lo || ip link set dev lo up; }

# Where the machine is reached: the address that it uses towards its default gateway, else its first one; IPv4 if it has one.
own_address() {
    local family device
    {
        for family in 4 6; do
            device=$(ip -o "-$family" route show default | awk '!found { for (i = 1; i < NF; i++) if ($i == "dev") { print $(i + 1); found = 1; break } }')
            [[ -z "$device" ]] || global_address "$family" "$device"
        done
        for family in 4 6; do global_address "$family"; done
    } | awk 'NR == 1'
}

# global_address FAMILY [DEVICE]: the first one that stays and is not the tunnel's.
global_address() {
    ip -o "-$1" address show scope global ${2:+dev "$2"} | awk -v ours="${want[interface]}" '
        found || $2 == ours || $2 == ours "b" || / (temporary|deprecated|tentative|dadfailed) / { next }
        { sub(/\/.*/, "", $4); print $4; found = 1 }'
}
