/** As many characters as Linux and Android take, of those that Windows takes too. */
const TUNNEL = /^[A-Za-z0-9_=+.-]{1,15}$/;
/** Names of devices, which Windows keeps for itself. */
const DEVICES = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])$/i;

/**
 * What is wrong with a name for a tunnel. wg-quick and the apps call a tunnel as its file is called, and refuse the file otherwise.
 *
 * @returns undefined when every system takes it
 */
export function tunnelNameProblem(name: string): string | undefined {
    if (DEVICES.test(name)) return "Windows keeps this name for a device";
    if (TUNNEL.test(name)) return undefined;
    if (/[^A-Za-z0-9_=+.-]/.test(name)) return "a tunnel's name has letters, digits and _ = + . - only";
    return `a tunnel's name has at most 15 characters on Linux and Android, and this has ${name.length}`;
}
