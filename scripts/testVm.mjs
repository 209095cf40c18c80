// Runs the tests of test/vm: a relay on a Debian with systemd and the kernel's WireGuard, in an emulated machine.
//
//   npm run test:vm                        Debian 12
//   npm run test:vm -- --release trixie    Debian 13, with a newer nftables and systemd
//   npm run test:vm -- --kvm               with the processor's virtualization, several times as fast
//   npm run test:vm -- test/vm/systemd.test.ts
//
// Needs root and a Debian or Ubuntu: QEMU and mmdebstrap are installed, and the machine is made of Debian's packages with
// this system's apt, once, in one to three minutes. It is kept under ${QPTUNNEL_CACHE:-~/.cache/pulumi-qp-tunnel}. Each run
// boots it as it was made: what a run changes is forgotten. MIRROR in the environment names another mirror than Debian's own.
// What it is at is said on standard error. The last line says "N passed, N failed".

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { say } from "./toolchain/run.mjs";
import { releases } from "./vm/image.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { release: { type: "string", default: releases[0] }, kvm: { type: "boolean", default: false } },
});
if (!releases.includes(values.release)) {
    say(`no image of ${values.release} can be made: say ${releases.join(" or ")}`);
    process.exit(1);
}

const env = {
    ...process.env,
    QPTUNNEL_VM_RELEASE: values.release,
    QPTUNNEL_VM_ACCELERATOR: values.kvm ? "kvm" : "tcg",
};
const tests = [join(root, "scripts/test.mjs"), "vm", ...positionals];
process.exitCode = spawnSync(process.execPath, tests, { env, stdio: "inherit" }).status ?? 1;
