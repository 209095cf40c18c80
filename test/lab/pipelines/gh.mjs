// A double of `gh`: comments and issues are in a file, FORGE_FILE. It refuses what the job's token does not permit, and knows
// as much as the examples use.
import { readFileSync, writeFileSync } from "node:fs";

const file = process.env.FORGE_FILE;
const forge = JSON.parse(readFileSync(file, "utf8"));
const { GH_TOKEN: token = "" } = process.env;
const permissions = token.startsWith("token ") ? JSON.parse(token.slice("token ".length)) : {};

/** Words that are not options, and options with their values. */
function parsed(args, flags) {
    const words = [];
    const options = {};
    for (let at = 0; at < args.length; at++) {
        if (!args[at].startsWith("--")) words.push(args[at]);
        else if (flags.includes(args[at])) options[args[at]] = true;
        else options[args[at]] = args[++at];
    }
    return { words, options };
}

function need(permission) {
    if (permissions[permission] === "write") return;
    process.stderr.write("GraphQL: Resource not accessible by integration\n");
    process.exit(1);
}

function refuse(why) {
    process.stderr.write(`${why}\n`);
    process.exit(2);
}

const { words, options } = parsed(process.argv.slice(2), ["--edit-last", "--create-if-none", "--force"]);
const body = options["--body-file"] === undefined ? options["--body"] : readFileSync(options["--body-file"], "utf8");
if (options["--repo"] !== "office/relay") refuse(`which repository? ${options["--repo"]}`);
const [command, , number] = words;
const issue = forge.issues.find((each) => String(each.number) === number);
switch (words.slice(0, 2).join(" ")) {
    case "pr comment": {
        need("pull-requests");
        const comments = (forge.comments[number] ??= []);
        if (!options["--edit-last"] || comments.length === 0) comments.push(body);
        else comments[comments.length - 1] = body;
        break;
    }
    case "label create":
        need("issues");
        if (forge.labels.includes(number) && !options["--force"]) refuse(`label ${number} already exists`);
        forge.labels = [...new Set([...forge.labels, number])];
        break;
    case "issue list": {
        if (options["--jq"] !== ".[0].number // empty" || options["--json"] !== "number") refuse("which fields?");
        const wanted = forge.issues.filter(
            ({ state, label }) => state === options["--state"] && label === options["--label"],
        );
        if (wanted.length > 0) process.stdout.write(`${wanted[0].number}\n`);
        break;
    }
    case "issue create": {
        need("issues");
        const label = options["--label"];
        if (!forge.labels.includes(label)) refuse(`could not add label: '${label}' not found`);
        const next = forge.issues.length + 1;
        forge.issues.push({ number: next, title: options["--title"], body, label, state: "open", comments: [] });
        process.stdout.write(`https://github.com/office/relay/issues/${next}\n`);
        break;
    }
    case "issue edit":
        need("issues");
        if (issue === undefined) refuse(`no issue ${number}`);
        issue.body = body;
        break;
    case "issue close":
        need("issues");
        if (issue === undefined) refuse(`no issue ${number}`);
        issue.state = "closed";
        issue.comments.push(options["--comment"]);
        break;
    default:
        refuse(`this double knows no ${command} ${words[1]}`);
}
writeFileSync(file, JSON.stringify(forge));
