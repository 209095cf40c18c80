#!/bin/sh
# furnish.sh TREE FOLDER: called by mmdebstrap when TREE is a Debian: makes it a machine that is reached over SSH, and
# leaves its kernel and its host key in FOLDER.
set -eu
tree=$1 folder=$2

# What a relay installs, and a package for somebody else who installs one, in a repository on the disk; apt resolves it
# against what TREE has already.
pool=$tree/srv/packages
mkdir -p "$pool/partial"
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq --yes --no-install-recommends --download-only -o Dir::Cache::archives="$pool" \
    install wireguard-tools nftables iproute2 curl procps util-linux wireguard-go netbase
rm -rf "$pool/partial" "$pool/lock"
for package in "$pool"/*.deb; do
    dpkg-deb --field "$package"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "${package##*/}" "$(stat -c %s "$package")" "$(sha256sum <"$package" | cut -d ' ' -f 1)"
done >"$pool/Packages"
rm -rf "$tree"/etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/packages ./' >"$tree/etc/apt/sources.list"

echo relay >"$tree/etc/hostname"
echo '127.0.0.1 localhost relay' >"$tree/etc/hosts"
mkdir -p "$tree/var/log/journal"
# The relay's address in the laboratory. Nobody there has the gateway's.
printf '[Match]\nName=eth0\n[Network]\nAddress=198.51.100.2/24\nGateway=198.51.100.1\nIPv6AcceptRA=no\n' >"$tree/etc/systemd/network/10-wan.network"
chroot "$tree" systemctl --quiet enable systemd-networkd ssh
# What a test has no use for, and an emulated processor much to do with.
chroot "$tree" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer systemd-pstore.service

for user in root admin guarded; do
    [ "$user" = root ] || chroot "$tree" useradd --create-home --shell /bin/bash "$user"
    home=$tree$(chroot "$tree" getent passwd "$user" | cut -d : -f 6)
    install -d -m 0700 "$home/.ssh"
    install -m 0600 "$folder/login.pub" "$home/.ssh/authorized_keys"
    chroot "$tree" chown -R "$user:" "${home#"$tree"}/.ssh"
done
echo 'admin ALL=(ALL) NOPASSWD: ALL' >"$tree/etc/sudoers.d/admin"
echo 'guarded ALL=(ALL) ALL' >"$tree/etc/sudoers.d/guarded"
chmod 0440 "$tree"/etc/sudoers.d/*

cp "$tree/etc/ssh/ssh_host_ed25519_key.pub" "$folder/host.pub"
cp "$tree"/boot/vmlinuz-* "$folder/vmlinuz"
cp "$tree"/boot/initrd.img-* "$folder/initrd"
