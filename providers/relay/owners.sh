# shellcheck shell=bash
# Which addresses are of one and the same peer, for ICMP errors: sets self4, self6 (single addresses) and owner4, owner6 (with
# networks) of the table, from the peers' allowed IPs. And connections that nothing allows any more.
#
# Gives: owners_nft, load_owners, end_connections.
# Needs, of the manifest: table.
# Needs, of core/protocol: elements.ts, network.ts, peers.ts.

owners_nft() {
    local peers network
    peers=$(current peers) network=$(current network)
    [[ -f "$peers" ]] || peers=/dev/null
    [[ -f "$network" ]] || network=/dev/null
    awk -v table="${want[table]}" '
        function put(set, element) { if (!((set, element) in seen)) { seen[set, element]; sets[set] = sets[set] (sets[set] == "" ? "" : ",\n") "  " element } }
        FILENAME == ARGV[1] { if ($1 == "subnet") subnet[$2]; next }
        { split($0, column, "\t"); n = split(column[3], ips, ","); whole[4] = whole[6] = 0
          for (i = 1; i <= n; i++) {
              family[i] = (ips[i] ~ /:/ ? 6 : 4)
              # A managed peer reaches all of the tunnel by its one peer.
              if (ips[i] in subnet) whole[family[i]] = 1
              sub(/\/(32|128)$/, "", ips[i])
              wide[i] = (ips[i] ~ /\//) }
          for (i = 1; i <= n; i++) for (j = 1; j <= n; j++) {
              if (ips[i] == "(none)" || family[i] != family[j]) continue
              if (whole[family[i]] && (!wide[i] || !wide[j])) continue
              put((wide[i] || wide[j] ? "owner" : "self") family[i], ips[i] " . " ips[j]) } }
        END { n = split("self4 self6 owner4 owner6", order, " ")
              for (i = 1; i <= n; i++) {
                  print "flush set inet " table " " order[i]
                  if (sets[order[i]] != "") print "add element inet " table " " order[i] " {\n" sets[order[i]] "\n}" } }' "$network" "$peers"
}

load_owners() { ! knows_forwarding || owners_nft | load_sets; }

# end_connections: TCP connections with the relay's own addresses that no element allows are closed, at both ends. The
# kernel may not be able to: then the table resets them with the next packet. A managed peer's machine leaves it to its table:
# its rights have ranges of ports and networks, too.
end_connections() {
    [[ -f "$(current network)" && -f "$etc/elements" ]] || return 0
    ! is_leaf || return 0
    local filter
    while read -r filter; do
        ss -K -H -tn "$filter" >/dev/null 2>&1 || true
    done < <(ss -H -tn state connected | awk '
        function host(text) { sub(/:[0-9]+$/, "", text); gsub(/[][]/, "", text); sub(/%.*/, "", text); return text }
        function port(text) { sub(/.*:/, "", text); return text }
        function quoted(text) { return text ~ /:/ ? "[" text "]" : text }
        FILENAME == ARGV[1] { if ($1 == "address") { sub(/\/.*/, "", $2); own[$2] } next }
        FILENAME == ARGV[2] { if ($1 ~ /^acl/ && $6 == "tcp") allowed[$2 " " $4 " " $8]; next }
        $1 != "SYN-SENT" && $1 != "TIME-WAIT" {
            here = host($4); there = host($5)
            if (!(here in own) || (there in own)) next
            if ((there " " here " " port($4)) in allowed || (here " " there " " port($5)) in allowed) next
            one = "( src " quoted(here) " and sport = :" port($4) " and dst " quoted(there) " and dport = :" port($5) " )"
            printf "%s%s", (count++ % 100 == 0 ? (count > 1 ? "\n" : "") : " or "), one }
        END { if (count) print "" }' "$(current network)" "$etc/elements" -)
}
