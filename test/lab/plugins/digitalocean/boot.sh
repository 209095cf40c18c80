#!/bin/bash
# A machine's boot, in its network namespace and a mount namespace of its own: boot.sh FOLDER ID
# FOLDER holds keys/ (from the user-data) and authorized_keys.
set -euo pipefail
folder=$1 id=$2

mkdir -p "$folder/etc"
mount -t tmpfs etc "$folder/etc"
cp -a /etc/. "$folder/etc/"
mount --bind "$folder/etc" /etc
mount -t tmpfs -o mode=0755 run /run
mkdir -p /run/sshd /run/cloud-init

# The machine this runs on may be a relay, too.
rm -rf /etc/qp-tunnel-* /etc/ssh/ssh_host_*
tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
echo "$id" >/run/cloud-init/.instance-id
install -m 0600 "$folder"/keys/* /etc/ssh/
install -m 0600 "$folder/authorized_keys" /etc/ssh/authorized_keys

cat >/etc/ssh/sshd_config <<'CONFIG'
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/ssh/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
CONFIG
exec /usr/sbin/sshd -D -f /etc/ssh/sshd_config -E "$folder/sshd.log"
