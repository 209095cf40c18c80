// What `npm run test:browsers` needs besides: browsers, and the tool for their certificate stores.

import { which } from "./run.mjs";
import { installCommand, installPackages, packageManager } from "./sources.mjs";

/** Commands by package: as Debian calls them, which are the browsers that the tests know how to drive. */
const PACKAGES = { chromium: "chromium", "firefox-esr": "firefox-esr", "libnss3-tools": "certutil" };

/**
 * Installs what is missing with the distribution's package manager.
 *
 * @throws an error that says what to install when it cannot
 */
export async function provideBrowsers() {
    const missing = Object.entries(PACKAGES).filter(([, command]) => which(command) === undefined);
    if (missing.length === 0) return;
    const packages = missing.map(([name]) => name);
    const manager = packageManager();
    if (manager !== "apt-get") {
        throw new Error(
            `missing: ${missing.map(([, command]) => command).join(", ")}; install them, as Debian's ${packages.join(", ")} do`,
        );
    }
    if (process.getuid() !== 0) throw new Error(`as root: ${installCommand(manager, packages)}`);
    await installPackages(manager, packages);
}
