#!/bin/bash
# Ends everything of one laboratory: teardown.sh PREFIX INTERFACE_PREFIX FOLDER
# PREFIX begins the names of its network namespaces, INTERFACE_PREFIX those of its WireGuard interfaces. Safe to run again.
set -u
prefix=$1 interfaces=$2 folder=$3

mapfile -t namespaces < <(ip netns list | awk '{ print $1 }' | grep "^$prefix-")

pids() {
    for namespace in "${namespaces[@]}"; do
        ip netns pids "$namespace" 2> /dev/null
    done
}

# wireguard-go removes its socket when it is asked to end; what has not ended within a second is made to.
signal=TERM
for ((turn = 0; turn < 40; turn++)); do
    mapfile -t left < <(pids)
    [ "${#left[@]}" -eq 0 ] && break
    [ "$turn" -eq 20 ] && signal=KILL
    [ "$turn" -eq 0 ] || [ "$turn" -eq 20 ] && kill "-$signal" "${left[@]}" 2> /dev/null
    sleep 0.05
done

for namespace in "${namespaces[@]}"; do
    ip netns del "$namespace"
done
# A relay that was applied in it keeps files outside of its namespace.
rm -rf "/etc/qp-tunnel-$interfaces"* "/run/qp-tunnel-$interfaces"*
rm -f "/var/run/wireguard/$interfaces"*.sock "/etc/wireguard/$interfaces"*.key
rm -rf "$folder"
