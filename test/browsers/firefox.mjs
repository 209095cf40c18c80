// One page in Firefox: `firefox.mjs PROFILE URL`. Drives it over Marionette, Firefox's own protocol for that, and prints {"page"} or {"error"} with
// the words of the error page.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

const [profile, url] = process.argv.slice(2);
const firefox = spawn("firefox-esr", ["--headless", "--no-remote", "--marionette", "--profile", profile], {
    stdio: ["ignore", "ignore", "inherit"],
});
const gone = once(firefox, "exit");
try {
    const socket = connect(await marionettePort(), "127.0.0.1");
    const answers = messages(socket);
    await answers.next();
    let id = 0;
    const command = async (name, parameters = {}) => {
        const text = JSON.stringify([0, ++id, name, parameters]);
        socket.write(`${Buffer.byteLength(text)}:${text}`);
        const [, , error, result] = (await answers.next()).value;
        if (error !== null) throw Object.assign(new Error(error.message), { error: error.error });
        return result;
    };
    await command("WebDriver:NewSession", { capabilities: { alwaysMatch: { acceptInsecureCerts: false } } });
    let answer;
    try {
        await command("WebDriver:Navigate", { url });
        answer = { page: (await command("WebDriver:GetPageSource")).value };
    } catch (error) {
        if (error.error === undefined) throw error;
        answer = { error: `${error.error}: ${error.message}` };
    }
    await command("Marionette:Quit", { flags: ["eForceQuit"] });
    process.stdout.write(JSON.stringify(answer));
} finally {
    firefox.kill("SIGKILL");
    await gone;
}

/** Firefox writes it into the profile as soon as it listens. */
async function marionettePort() {
    const file = join(profile, "MarionetteActivePort");
    for (;;) {
        if (existsSync(file)) return Number(readFileSync(file, "utf8"));
        if (firefox.exitCode !== null) throw new Error(`firefox-esr ended with ${firefox.exitCode}`);
        await new Promise((later) => setTimeout(later, 50));
    }
}

/** "<length>:<JSON>" after each other. */
async function* messages(socket) {
    let buffered = Buffer.alloc(0);
    for await (const chunk of socket) {
        buffered = Buffer.concat([buffered, chunk]);
        for (;;) {
            const colon = buffered.indexOf(":");
            if (colon < 0) break;
            const end = colon + 1 + Number(buffered.subarray(0, colon));
            if (buffered.length < end) break;
            yield JSON.parse(buffered.subarray(colon + 1, end));
            buffered = buffered.subarray(end);
        }
    }
}
