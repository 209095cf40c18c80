# shellcheck shell=bash
# Who is there before a change that has to be confirmed, and whether they still are after it. The kernel itself keeps
# the addresses that sent something through the tunnel in the last ten seconds (sets seen4 and seen6 of the table), so
# there is no waiting. What is remembered is in `$run`: a reboot in between rolls back anyway.
#
# Gives: remember_health, count_from_now, who_is_lost, forget_health.
# Needs, of the manifest: table.
# Needs, of core/protocol: lost.ts, services.ts.

# WireGuard answers data within ten seconds, if only with an empty packet; a little more for the way.
HEALTH_SECONDS=12

# remember_health CHANGED: peers that are being heard now, but for those whose keys are in the file CHANGED, and
# services that answer.
remember_health() {
    rm -f -- "$run/health.peers" "$run/health.services"
    recent_addresses >"$work/seen"
    [[ ! -s "$work/seen" ]] || owners_of_seen "$1" | sort -u >"$work/health.peers"
    [[ ! -s "$work/health.peers" ]] || install_file "$run/health.peers" <"$work/health.peers"
    : >"$work/health.services"
    [[ ! -s "$etc/services" ]] || answering_services <"$etc/services" >"$work/health.services"
    [[ ! -s "$work/health.services" ]] || install_file "$run/health.services" <"$work/health.services"
}

# count_from_now: what has been heard of them when the change is done. What comes later came through it.
count_from_now() {
    [[ -s "$run/health.peers" ]] || return 0
    received >"$work/received"
    awk -F'\t' 'NR == FNR { bytes[$1] = $2; next } { print $1 "\t" $2 "\t" ($1 in bytes ? bytes[$1] : 0) }' \
        "$work/received" "$run/health.peers" >"$work/health.counted"
    install_file "$run/health.peers" <"$work/health.counted"
}

# who_is_lost: what was there and is not any more, a line each: "peer KEY ADDRESS" or "service NAME". Waits until all
# have shown themselves, as long as it takes at most.
who_is_lost() {
    local deadline what address asked=""
    steady_clock
    deadline=$((SECONDS + HEALTH_SECONDS))
    [[ -s "$run/health.peers" || -s "$run/health.services" ]] || return 0
    while true; do
        missing_peers >"$work/lost"
        missing_services >>"$work/lost"
        [[ -s "$work/lost" ]] || return 0
        steady_clock
        ((SECONDS < deadline)) || break
        if [[ -z "$asked" ]]; then
            # One datagram that its WireGuard has to answer, whatever its firewall thinks of it.
            while read -r what _ address; do
                if [[ "$what" == peer ]]; then send_probe "$address"; fi
            done <"$work/lost"
            asked=1
        fi
        sleep 0.1
    done
    cat "$work/lost"
}

forget_health() { rm -f -- "$run/health.peers" "$run/health.services"; }

send_probe() { { printf . >"/dev/udp/${1%%/*}/9"; } 2>/dev/null || true; }

recent_addresses() {
    local set
    for set in seen4 seen6; do
        # A table of an older version of this program has none.
        { nft list set inet "${want[table]}" "$set" 2>/dev/null || true; } |
            awk 'sub(/.*elements = \{/, "") { on = 1 } on { gsub(/[{}]/, ""); n = split($0, list, ",")
                 for (i = 1; i <= n; i++) { split(list[i], word, " "); if (word[1] != "") print word[1] } }'
    done
}

# "key TAB one of its own addresses" of the peers that the seen addresses belong to.
owners_of_seen() {
    local device
    while read -r device; do { wg show "$device" allowed-ips 2>/dev/null || true; }; done < <(interfaces) |
        awk -v changed="$1" -v seen="$work/seen" '
            # An address as hexadecimal digits, so that a network is a beginning of it.
            function digits(text,   part, n, i, gap, head, tail, out) {
                if (text !~ /:/) { n = split(text, part, "."); for (i = 1; i <= n; i++) out = out sprintf("%02x", part[i]); return out }
                gap = index(text, "::")
                if (!gap) return groups(text)
                head = groups(substr(text, 1, gap - 1)); tail = groups(substr(text, gap + 2))
                return head substr("00000000000000000000000000000000", 1, 32 - length(head) - length(tail)) tail
            }
            function groups(text,   part, n, i, out) {
                n = split(text, part, ":")
                for (i = 1; i <= n; i++) out = out substr("0000", 1, 4 - length(part[i])) part[i]
                return out
            }
            function holds(network, address,   at, size, whole, rest) {
                at = index(network, "/"); size = substr(network, at + 1); network = substr(network, 1, at - 1)
                if ((network ~ /:/) != (address ~ /:/)) return 0
                network = digits(network); address = digits(address)
                whole = int(size / 4); rest = 2 ^ (4 - size % 4)
                if (substr(network, 1, whole) != substr(address, 1, whole)) return 0
                return size % 4 == 0 || int(value(substr(network, whole + 1, 1)) / rest) == int(value(substr(address, whole + 1, 1)) / rest)
            }
            function value(digit) { return index("0123456789abcdef", digit) - 1 }
            BEGIN { while ((getline line < seen) > 0) { recent[line] = 1 }
                    while ((getline line < changed) > 0) { split(line, field, "\t"); skip[field[1]] = 1 } }
            $1 in skip { next }
            { found = own = ""
              for (i = 2; i <= NF; i++) {
                  address = $i
                  if (sub(/\/(32|128)$/, "", address)) {
                      if (own == "") own = address
                      if (address in recent) found = 1
                  } else if (address != "(none)" && !found) for (one in recent) if (holds($i, one)) found = 1
              }
              if (found && own != "") print $1 "\t" own }'
}

# "key TAB bytes" of every peer, of all interfaces together.
received() {
    local device
    while read -r device; do { wg show "$device" transfer 2>/dev/null || true; }; done < <(interfaces) |
        awk '{ bytes[$1] += $2 } END { for (key in bytes) print key "\t" bytes[key] }'
}

# Peers without a packet since, and peers whose route leads into a tunnel or nowhere.
missing_peers() {
    [[ -s "$run/health.peers" ]] || return 0
    local device
    received >"$work/received"
    while read -r device; do { wg show "$device" endpoints 2>/dev/null || true; }; done < <(interfaces) |
        awk '$2 != "(none)" { sub(/:[0-9]+$/, "", $2); gsub(/[][]/, "", $2); print $1 "\t" $2 }' >"$work/endpoints"
    awk -F'\t' 'NR == FNR { asked[$1] = 1; next } $1 in asked { print $2 }' "$run/health.peers" "$work/endpoints" | sort -u >"$work/ways.want"
    interfaces >"$work/devices"
    sed 's/^/route get /' "$work/ways.want" | { ip -force -o -batch - 2>/dev/null || true; } |
        awk 'NR == FNR { ours[$1] = 1; next } $1 ~ /^(unreachable|prohibit|blackhole|throw)$/ { next }
             { address = ($1 ~ /^(local|broadcast|multicast)$/ ? $2 : $1); device = ""
               for (i = 1; i < NF; i++) if ($i == "dev") device = $(i + 1)
               if (!(device in ours)) print address }' "$work/devices" - >"$work/ways"
    awk -F'\t' -v received="$work/received" -v endpoints="$work/endpoints" -v ways="$work/ways" '
        BEGIN { while ((getline < received) > 0) bytes[$1] = $2
                while ((getline < ways) > 0) open[$1] = 1
                while ((getline < endpoints) > 0) if ($2 in open) way[$1] = 1 }
        !(bytes[$1] + 0 > $3 + 0 && $1 in way) { print "peer", $1, $2 }' "$run/health.peers"
}

# Of "name TAB port TAB upstream TAB addresses" lines those whose port takes a connection on the relay itself.
answering_services() {
    local name port upstream addresses address
    while IFS=$'\t' read -r name port upstream addresses; do
        for address in $addresses; do
            ! listens "$address" "$port" || { printf '%s\t%s\t%s\t%s\n' "$name" "$port" "$upstream" "$addresses"; break; }
        done
    done
}
# shellcheck disable=SC2016 # expands in the inner shell
listens() { timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/$2"' listens "$1" "$2" 9>&- 2>/dev/null; }

missing_services() {
    [[ -s "$run/health.services" ]] || return 0
    answering_services <"$run/health.services" | cut -f 1 >"$work/answering"
    cut -f 1 "$run/health.services" | { grep -vxFf "$work/answering" || true; } | sed 's/^/service /'
}
