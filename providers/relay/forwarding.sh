# shellcheck shell=bash
# What the relay switches on in the machine's kernel, and how it was before.
#
# Forwarding is switched on for single interfaces, and only peers' packets are forwarded there: the table drops what comes
# in on an interface that did not forward before. `$etc/sysctls` says what that was: the boot that it holds for, then
# "path TAB value before TAB our value TAB interface's number TAB whether all of the machine forwarded" lines. It is
# written before anything is switched on. After a boot the kernel has its own values again, and the record starts again.
#
# Gives: write_sysctl, boot_mark, set_forwarding, forwarding_due, forget_forwarding, sysctls_in, forwarding_nft,
#   knows_forwarding, report_sysctls.
# Needs, of the manifest: table.
# Needs, of core/protocol: network.ts, sysctls.ts.

sysctl_root=/proc/sys

# write_sysctl PATH VALUE: a value that is right is left alone, so a machine that has them all need not let us change any.
write_sysctl() {
    [[ -e "$sysctl_root/$1" && "$(<"$sysctl_root/$1")" != "$2" ]] || return 0
    { printf '%s\n' "$2" >"$sysctl_root/$1"; } 2>/dev/null ||
        refuse "the kernel setting ${1//\//.} is $(<"$sysctl_root/$1") and cannot be changed to $2" \
            "set it to $2 where the machine is started (docker run --sysctl KEY=VALUE), or make /proc/sys writable"
}

# A recreated network namespace or container has its own values, too.
boot_mark() {
    printf '%s %s %s\n' "$(<"$sysctl_root/kernel/random/boot_id")" "$(stat -L -c %i /proc/self/ns/net)" \
        "$(awk '{ sub(/.*\) /, ""); print $20 }' /proc/1/stat)"
}

# set_forwarding DEVICE: what peers' packets need, with the table told first. What nothing needs any more is restored.
set_forwarding() {
    plan_sysctls
    if [[ -s "$work/sysctls.record" || -s "$work/sysctls.restore" ]]; then
        { boot_mark; cat -- "$work/sysctls.record" "$work/sysctls.restore"; } | install_file "$etc/sysctls"
    fi
    load_forwarding
    apply_sysctls "$work/sysctls.set"
    write_sysctl "net/ipv4/conf/$1/forwarding" 1
    if [[ -e "$sysctl_root/net/ipv6/conf/$1/force_forwarding" ]] && tunnels_ipv6; then write_sysctl "net/ipv6/conf/$1/force_forwarding" 1; fi
    restore_sysctls
}

# The values from before, where they are still ours; then the record without them.
restore_sysctls() {
    [[ -s "$work/sysctls.restore" ]] || return 0
    # "all" overwrites every interface's own.
    sort -t $'\t' -k 1,1 -k 2,2 <(awk -F'\t' -v OFS='\t' '{ print ($1 ~ /\/all\/forwarding$/ ? 1 : $1 ~ /accept_ra$/ ? 3 : 2), $1, $2 }' "$work/sysctls.restore") |
        cut -f 2- >"$work/sysctls.back"
    apply_sysctls "$work/sysctls.back"
    if [[ -s "$work/sysctls.record" ]]; then
        { boot_mark; cat -- "$work/sysctls.record"; } | install_file "$etc/sysctls"
    else
        rm -f -- "$etc/sysctls"
    fi
    load_forwarding
}

# Another program made the machine a router: it decides from now on what is forwarded.
forwarding_due() {
    [[ -f "$etc/sysctls" && "$(<"$sysctl_root/net/ipv4/conf/all/forwarding")" == 1 ]] &&
        grep -q $'^net/ipv4/conf/[^/]*/forwarding\t.*\t0$' "$etc/sysctls"
}

# At the end of a relay: everything.
forget_forwarding() {
    [[ -f "$etc/sysctls" ]] || return 0
    plan_sysctls /dev/null
    restore_sysctls
    rm -f -- "$etc/sysctls"
}

# apply_sysctls FILE: "path TAB value" lines.
apply_sysctls() {
    local path value
    while IFS=$'\t' read -r path value; do write_sysctl "$path" "$value"; done <"$1"
}

# plan_sysctls [WANTED]: into $work/sysctls.{record,set,restore}, from what is wanted, recorded and live. Values that
# were ours and were changed by another program are left alone; so are all if one made the machine a router. Of two relays
# on one machine, the second knows from the first how it was, and the last one restores it.
plan_sysctls() {
    local other wanted=${1:-$work/sysctls.wanted} mark
    mark=$(boot_mark)
    : >"$work/sysctls.other"
    sysctls_in "$etc/sysctls" "$mark" >"$work/sysctls.own"
    for other in "${etc%/*}"/*/sysctls; do
        [[ "$other" == "$etc/sysctls" ]] || sysctls_in "$other" "$mark" >>"$work/sysctls.other"
    done
    [[ "$wanted" == /dev/null ]] || wanted_sysctls >"$wanted"
    ip -o link show | awk -F': ' -v OFS='\t' '{ sub(/@.*/, "", $2); print $2, $1 }' >"$work/links"
    cat -- "$wanted" "$work/sysctls.own" | cut -f 1 |
        cat - <(printf '%s\n' net/ipv4/conf/all/forwarding net/ipv6/conf/all/forwarding) | sort -u | live_sysctls >"$work/sysctls.live"
    awk -F'\t' -v OFS='\t' -v work="$work/sysctls" '
        function device(path,   part) { split(path, part, "/"); return part[4] }
        function number_of(path,   name) { name = device(path); return (name in number) ? number[name] : "-" }
        function machine(path) { return path ~ /^net\/ipv6/ ? "net/ipv6/conf/all/forwarding" : "net/ipv4/conf/all/forwarding" }
        function routed(path,   all) { all = machine(path); return live[all] == 1 && !(all in before) && !(all in theirs) ? 1 : 0 }
        function is_theirs_now(path) { return path ~ /forwarding$/ && path != machine(path) && was_routed[path] == 0 && routed(path) }
        BEGIN { printf "" > (work ".record"); printf "" > (work ".set"); printf "" > (work ".restore") }
        FILENAME == ARGV[1] { number[$1] = $2; next }
        FILENAME == ARGV[2] { live[$1] = $2; next }
        FILENAME == ARGV[3] { if ($4 == number_of($1)) { theirs[$1] = $2; theirs_routed[$1] = $5 } next }
        FILENAME == ARGV[4] { if ($4 == number_of($1)) { before[$1] = $2; ours[$1] = $3; was_routed[$1] = $5; line[$1] = $0; own[++owns] = $1 } next }
        ($1 in live) && !($1 in wanted) { wanted[$1] = $2; want[++wants] = $1 }
        END {
            for (i = 1; i <= wants; i++) {
                path = want[i]; value = wanted[path]
                if ((path in before) && live[path] == ours[path]) { if (!is_theirs_now(path)) print line[path] > (work ".record"); continue }
                if (!(path in before) && (path in theirs)) print path, theirs[path], value, number_of(path), theirs_routed[path] > (work ".record")
                else if (live[path] == value) continue
                else print path, live[path], value, number_of(path), routed(path) > (work ".record")
                print path, value > (work ".set")
            }
            for (i = 1; i <= owns; i++) {
                path = own[i]
                if (!(path in wanted) && live[path] == ours[path] && !(path in theirs) && !is_theirs_now(path)) print line[path] > (work ".restore")
            } }' "$work/links" "$work/sysctls.live" "$work/sysctls.other" "$work/sysctls.own" "$wanted"
}

# sysctls_in RECORD MARK: its lines, when it is of this boot. It is read without the lock, too, and may be gone at any moment.
sysctls_in() {
    awk -v mark="$2" -v record="$1" '
        BEGIN { while ((getline <record) > 0) if (++lines > 1) print; else if ($0 != mark) exit }' </dev/null
}

live_sysctls() {
    local path
    while read -r path; do [[ ! -e "$sysctl_root/$path" ]] || printf '%s\t%s\n' "$path" "$(<"$sysctl_root/$path")"; done
}

# "path TAB value" lines, in the order in which they are written.
wanted_sysctls() {
    local device
    printf 'net/ipv4/conf/all/send_redirects\t0\n'
    while read -r device; do printf 'net/ipv4/conf/%s/forwarding\t1\n' "$device"; done < <(devices_behind 4)
    tunnels_ipv6 || [[ -n "$(devices_behind 6)" ]] || return 0
    if [[ -e "$sysctl_root/net/ipv6/conf/all/force_forwarding" ]]; then
        while read -r device; do printf 'net/ipv6/conf/%s/force_forwarding\t1\n' "$device"; done < <(devices_behind 6)
    else
        wanted_before_617
    fi
}

# Linux before 6.17 forwards IPv6 for the whole machine or not at all, and a machine that forwards ignores router
# advertisements unless accept_ra is 2: without that step it would lose its own default route.
wanted_before_617() {
    local all=net/ipv6/conf/all/forwarding path
    [[ -e "$sysctl_root/$all" ]] || return 0
    # It is a router already.
    if [[ "$(<"$sysctl_root/$all")" != 0 ]] && ! cat -- "$work/sysctls.own" "$work/sysctls.other" 2>/dev/null | cut -f 1 | grep -xF -- "$all" >/dev/null; then return 0; fi
    for path in "$sysctl_root"/net/ipv6/conf/*/accept_ra; do
        path=${path#"$sysctl_root/"}
        if [[ "$(<"$sysctl_root/$path")" == 1 ]] || cut -f 1 -- "$work/sysctls.own" | grep -xF -- "$path" >/dev/null; then printf '%s\t2\n' "$path"; fi
    done
    for path in "$sysctl_root"/net/ipv6/conf/*/forwarding; do
        path=${path#"$sysctl_root/"}
        [[ "$path" == "$all" ]] || printf '%s\t1\n' "$path"
    done
    printf '%s\t1\n' "$all"
}

tunnels_ipv6() { grep -q '^address .*:' "$(current network)" 2>/dev/null; }

# devices_behind [4|6]: interfaces that lead to the networks behind this machine.
devices_behind() {
    local network device
    [[ -f "$(current network)" ]] || return 0
    while read -r network; do
        device=$(egress_device "$network")
        [[ -z "$device" || "$device" == lo ]] || interfaces | grep -xF -- "$device" >/dev/null || printf '%s\n' "$device"
    done < <(awk -v family="${1:-}" '$1 == "behind" && (family == "" || (family == 6) == ($2 ~ /:/)) { print $2 }' "$(current network)") | sort -u
}

# Nothing where no route leads there.
egress_device() { { ip -o route get "${1%/*}" 2>/dev/null || true; } | awk '!found { for (i = 1; i < NF; i++) if ($i == "dev") { print $(i + 1); found = 1; break } }'; }

# The table's part: where packets that are not of the tunnel are dropped, and where errors from networks behind come from.
forwarding_nft() {
    sysctls_in "$etc/sysctls" "$(boot_mark)" | cat - <(devices_behind | sed 's/^/behind\t/') |
        awk -F'\t' -v table="${want[table]}" '
            function put(set, element) { sets[set] = sets[set] (sets[set] == "" ? "" : ", ") element }
            { split($1, part, "/") }
            $1 == "behind" { put("behind", "\"" $2 "\"") }
            $1 ~ /^net\/ipv4\/conf\/.*\/forwarding$/ { put("switched4", "\"" part[4] "\"") }
            $1 ~ /^net\/ipv6\/conf\/.*\/force_forwarding$/ { put("switched6", "\"" part[4] "\"") }
            $1 == "net/ipv6/conf/all/forwarding" { put("closed", "ipv6") }
            END { n = split("switched4 switched6 closed behind", order, " ")
                  for (i = 1; i <= n; i++) {
                      print "flush set inet " table " " order[i]
                      if (sets[order[i]] != "") print "add element inet " table " " order[i] " { " sets[order[i]] " }" } }'
}

load_forwarding() { ! knows_forwarding || forwarding_nft | load_sets; }

# A table from before the relay closed what it opens has no place for it.
knows_forwarding() { table_exists && nft list set inet "${want[table]}" switched4 >/dev/null 2>&1; }

# What drift is looked for in: "path TAB our value TAB live value".
report_sysctls() {
    [[ -f "$etc/sysctls" ]] || return 0
    local path ours
    sysctls_in "$etc/sysctls" "$(boot_mark)" | cut -f 1,3 | while IFS=$'\t' read -r path ours; do
        [[ ! -e "$sysctl_root/$path" ]] || printf '%s\t%s\t%s\n' "$path" "$ours" "$(<"$sysctl_root/$path")"
    done | answer sysctls
}
