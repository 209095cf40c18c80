// What an emulated machine needs of this one.

import { platform } from "node:os";

import { which } from "../toolchain/run.mjs";
import { installCommand, installPackages, packageManager } from "../toolchain/sources.mjs";

/** Commands and Debian's packages that hold them. */
const needed = {
    "qemu-system-x86_64": "qemu-system-x86",
    mmdebstrap: "mmdebstrap",
    mke2fs: "e2fsprogs",
    "dpkg-deb": "dpkg",
};

/**
 * Installs what is missing.
 *
 * @throws Error that says what is missing and how to get it
 */
export async function provideMachine() {
    if (platform() !== "linux" || process.getuid?.() !== 0) {
        throw new Error(
            "the emulated machine is made and reached as root on Linux: run it as root, for instance with sudo",
        );
    }
    const missing = Object.keys(needed).filter((command) => which(command) === undefined);
    if (missing.length === 0) return;
    const packages = missing.map((command) => needed[command]);
    const manager = packageManager();
    if (manager !== "apt-get") {
        throw new Error(`${missing.join(", ")} not found on PATH: on Debian, ${installCommand("apt-get", packages)}`);
    }
    await installPackages(manager, packages);
}
