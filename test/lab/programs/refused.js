// What a relay says to arguments that another resource supplies, in a process of its own: the SDK ends a program with the first Output
// that fails. Reads cases as JSON on standard input, in which {"given": value} is such a value; prints what each is refused with.
const pulumi = require("@pulumi/pulumi");
const { AuditSink, hosts, Relay } = require("../../../dist/components");

const FORMS = {
    plain: (value) => value,
    output: (value) => pulumi.output(value),
    promise: (value) => Promise.resolve(value),
    secret: (value) => pulumi.secret(value),
};

process.on("unhandledRejection", () => undefined);
main();

async function main() {
    const { peers, cases } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    const answers = [];
    for (const args of cases) {
        const answer = {};
        for (const [form, give] of Object.entries(FORMS))
            answer[form] = await refusal({ peers, ...revived(args, give) }, answers.length);
        answers.push(answer);
    }
    process.stdout.write(JSON.stringify(answers), () => process.exit(0));
}

async function refusal(args, number) {
    await pulumi.runtime.setMocks({ newResource: ({ inputs }) => ({ id: "i", state: inputs }), call: () => ({}) });
    try {
        const relay = new Relay("hub", { host: hosts.local(), audit: new AuditSink(`audit${number}`), ...args });
        await Promise.all([relay.addresses, relay.configFor("alice"), pulumi.output(relay.rights())].map(valueOf));
        return "nothing";
    } catch (error) {
        // The SDK says first by which resource's input it came to it.
        return error.message.replace(/(?:error serializing property "\w+": )+/, "");
    }
}

function valueOf(output) {
    return output.promise();
}

function revived(value, give) {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((each) => revived(each, give));
    if ("given" in value) return give(value.given);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revived(each, give)]));
}
