// The disk, kernel and keys of an emulated Debian: bare but for systemd, sshd and sudo. What a relay needs besides is in a
// local repository on that disk, so that its package manager has something to install from and no way out.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { cache } from "../toolchain/cache.mjs";
import { say, step, which } from "../toolchain/run.mjs";
import { hashOf, intoPlace } from "../toolchain/sources.mjs";

/** Debian 12 has nftables 1.0.6 and systemd 252, Debian 13 has 1.1.3 and 257. */
export const releases = ["bookworm", "trixie"];

const here = fileURLToPath(new URL(".", import.meta.url));
const system = ["systemd-sysv", "udev", "dbus", "openssh-server", "sudo", "linux-image-cloud-amd64"];
const size = "1500M";

/**
 * The folder with disk.img, vmlinuz, initrd, and the keys: login and host.pub. Made once.
 *
 * @throws Error with the end of what the failing command said
 */
export async function provideImage(release) {
    const folder = join(cache, `vm-${release}-${await hashOf(here)}`);
    if (which("login.sh", [folder]) !== undefined) return folder;
    say(`an image of Debian ${release} is made in ${folder} (once, takes minutes)`);
    await intoPlace(folder, (fresh) => make(release, fresh));
    return folder;
}

async function make(release, folder) {
    const tree = join(folder, "root");
    await mkdir(tree);
    await step("making a login key", "ssh-keygen", [
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "vm",
        "-f",
        join(folder, "login"),
    ]);
    const options = [
        "--variant=minbase",
        `--include=${system.join(",")}`,
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        '--aptopt=Acquire::Languages "none"',
        '--customize-hook=sh "$QPTUNNEL_FURNISH" "$1" "$QPTUNNEL_FOLDER"',
    ];
    const mirror = process.env.MIRROR === undefined ? [] : [process.env.MIRROR];
    await step(`installing Debian ${release}`, "mmdebstrap", [...options, release, tree, ...mirror], {
        env: { QPTUNNEL_FURNISH: join(here, "furnish.sh"), QPTUNNEL_FOLDER: folder },
    });
    await step("writing the disk", which("mke2fs"), [
        "-q",
        "-t",
        "ext4",
        "-L",
        "root",
        "-d",
        tree,
        join(folder, "disk.img"),
        size,
    ]);
    await rm(tree, { recursive: true });
    // A person's way in, and the sign that everything before it went well.
    const ssh = 'exec ssh -i "$(dirname "$0")/login" -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no "$@"';
    await writeFile(join(folder, "login.sh"), `#!/bin/sh\n${ssh}\n`, { mode: 0o700 });
}
