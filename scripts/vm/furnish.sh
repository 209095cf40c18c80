#!/bin/sh
# furnish.sh TREE FOLDER: called by mmdebstrap when TREE is a Debian: makes it a machine that is reached over SSH, and
# leaves its kernel and its host key in FOLDER.
set -eu
tree=$1 folder=$2

# What a relay installs, in a repository on the disk; apt resolves it against what TREE has already.
pool=$tree/srv/packages
mkdir -p "$pool/partial"
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq --yes --no-install-recommends --download-only -o Dir::Cache::archives="$pool" \
    install wireguard-tools nftables iproute2 curl procps util-linux wireguard-go
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
# The first network has the default route, the second is another way to the same sshd.
printf '[Match]\nName=eth0\n[Network]\nDHCP=ipv4\n' >"$tree/etc/systemd/network/10-wan.network"
printf '[Match]\nName=eth1\n[Network]\nDHCP=ipv4\n[DHCPv4]\nUseGateway=no\nUseDNS=no\n' >"$tree/etc/systemd/network/20-lan.network"
chroot "$tree" systemctl --quiet enable systemd-networkd ssh

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
