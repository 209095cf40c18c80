// Everything that the tests in test/vm need besides what all tests need.

import { provideImage, releases } from "./image.mjs";
import { provideMachine } from "./machine.mjs";

/**
 * Installs QEMU and makes the image of the emulated machine, where they are missing.
 *
 * @returns the variables by which the tests find it
 * @throws Error that says what is missing and how to get it
 */
export async function provideVm() {
    await provideMachine();
    return { QPTUNNEL_VM: await provideImage(process.env.QPTUNNEL_VM_RELEASE ?? releases[0]) };
}
