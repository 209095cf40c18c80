import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { commandsIn, pages, root } from "./docsBlocks.js";

// Every command that the documentation prints is run by a test, which is named here, or stands in the one list of exceptions.

/** What runs a command, and words of that file that show it. */
interface RunBy {
    command: RegExp;
    test: string;
    shows: string;
}

const by = (test: string, shows: string, ...commands: RegExp[]): RunBy[] =>
    commands.map((command) => ({ command, test, shows }));

const OPERATORS = "test/integration/gitops/operators.test.ts";
const AGENCIES = "test/integration/engine/agencies.test.ts";
const STATUS = "test/integration/engine/status.test.ts";
const RUN: RunBy[] = [
    ...by("test/unit/scripts/asRoot.test.ts", "npm run demo", /^npm run demo$/),
    ...by("test/smoke/package.test.ts", '"init"', /^npm install pulumi-qp-tunnel$/, /^npx --no qp-tunnel init$/),
    ...by("test/unit/scripts/tools.test.ts", "tools.mjs", /^export PATH="\$\(npm run -s tools \| tail -n 1\):\$PATH"$/),
    ...by("test/integration/engine/services.test.ts", '"ca"', /^npx --no qp-tunnel ca -o relay-ca\.pem$/),
    ...by("test/unit/cli/ca.test.ts", '"--format"', /^npx --no qp-tunnel ca --format (?:der|mobileconfig) -o /),
    ...by("test/unit/cli/import/import.test.ts", '"import"', /^npx --no qp-tunnel import /),
    ...by("test/integration/engine/import.test.ts", '"import"', /^pulumi import --file import\.json --protect=false --generate-code=false$/),
    ...by("test/unit/cli/audit/prove.test.ts", '"prove"', /^npx --no qp-tunnel audit (?:prove|check-proof|witness) /, /^npx --no qp-tunnel audit verify audit\/prod\.jsonl --checkpoint checkpoint\.note$/),
    ...by("test/unit/cli/audit/commands.test.ts", '"--checkpoint"', /^npx --no qp-tunnel audit verify audit\/prod\.jsonl(?: --checkpoint (?:"\$\(pulumi stack output auditHead --json\)"|checkpoint\.json))?$/),
    ...by("test/unit/cli/audit/export.test.ts", "cps-json", /^npx --no qp-tunnel audit export --format cps-json audit\/prod\.jsonl -o capsules\.json$/),
    ...by("test/unit/cli/audit/rotateKey.test.ts", '"rotate-key"', /^npx --no qp-tunnel audit rotate-key audit\/prod\.jsonl$/),
    ...by("test/unit/cli/audit/push.test.ts", '"push"', /^npx --no qp-tunnel audit push prod\.jsonl --to \/srv\/mirror\/prod\.jsonl$/),
    ...by("test/integration/audit/capsule.test.ts", "capsule", /^capsule verify --pubkey <public key> capsules\.json$/, /^pip install qp-capsule==/),
    ...by(OPERATORS, "matchAll", /^cat (?:> )?~\/\.config\//, /^git clone git@git\.example\.org:ops\/office\.git && cd office$/, /^pulumi login /, /^pulumi stack select prod$/, /^umask 077 && mkdir -p ~\/\.config\/pulumi-qp-tunnel\/keys\/office$/, /^npx --no qp-tunnel doctor(?: --json)?$/),
    ...by("test/integration/examples.test.ts", '"preview"', /^pulumi preview$/, /^cd examples\/team$/, /^pulumi stack init dev$/, /^pulumi config set (?:namespace|endpoint) /),
    ...by("test/languages/examples.test.ts", '"python"', /^cd examples\/python$/, /^python3 -m venv venv && venv\/bin\/pip install -r requirements\.txt$/, /^venv\/bin\/pip install \.\/sdk\/python$/),
    ...by("test/integration/engine/rotation.slow.test.ts", "keyEpochs: [1, 2]", /^pulumi config set keyEpochs /, /^pulumi config set nasEpoch 2$/),
    ...by("test/integration/engine/lifecycle.test.ts", "stack.up()", /^pulumi up$/, /^pulumi stack output \w+ --show-secrets (?:\| jq -r \.\w+|> console\.conf)$/),
    ...by("test/integration/engine/script.slow.test.ts", "relay.sh", /^openssl pkeyutl -verify -pubin -inkey relay\.sh\.pub /, /^bash relay\.sh$/),
    ...by("test/integration/policies.test.ts", '"--policy-pack-config"', /^pulumi (?:preview|up) --policy-pack policies(?: --policy-pack-config policies\/config\.json)?$/),
    ...by(STATUS, '"status"', /^npx --no qp-tunnel status(?: --json --relay office| --watch 5)?$/),
    ...by(STATUS, '"--prometheus"', /^npx --no qp-tunnel status --prometheus > \S+; mv \S+ \S+$/),
    ...by("test/unit/cli/access/access.test.ts", '"--diff"', /^npx --no qp-tunnel access(?: --(?:from|to|matrix|graph|diff)\b.*)?$/),
    ...by("test/unit/cli/access/live.test.ts", '"--live"', /^npx --no qp-tunnel access --live(?: --json)?$/),
    ...by("test/unit/cli/review/review.test.ts", '"--fail-on"', /^npx --no qp-tunnel review(?: plan\.json(?: -o review\.md --html review\.html| --fail-on cut,all-ports,no-expiry))?$/),
    ...by("test/unit/cli/approve/approve.test.ts", '"--check"', /^npx --no qp-tunnel approve plan\.json --(?:key ~\/\.ssh\/id_ed25519|check)$/, /^ssh-keygen -Y sign /),
    ...by("test/integration/engine/approvals.test.ts", "QPTUNNEL_EMERGENCY", /^QPTUNNEL_EMERGENCY="[^"]*" pulumi up --yes$/, /^pulumi preview --json > plan\.json$/, /^pulumi up --yes --skip-preview$/),
    ...by("test/integration/engine/approvals.test.ts", '"verify"', /^ssh-keygen -Y verify /, /^npx --no qp-tunnel audit verify audit\/prod\.jsonl --approvers allowed_signers$/),
    ...by("test/integration/engine/review.test.ts", '"--show-sames"', /^pulumi preview --json --show-sames > plan\.json$/),
    ...by("test/unit/scripts/compliance.test.ts", '"--report"', /^npm run compliance -- --report unit\.json$/, /^npm run compliance -- --only unit .*-o \.\.\/results$/),
    ...by("test/unit/cli/list.test.ts", '"list"', /^npx --no qp-tunnel list$/),
    ...by("test/unit/cli/config/config.test.ts", '"--png"', /^npx --no qp-tunnel config nas (?:-o nas\.conf|--qr|--png nas\.png|--format networkd -o nas)$/),
    ...by("test/languages/sdks.ts", '"gen-sdk"', /^pulumi package gen-sdk \S+\/plugin --language python --out sdk$/),
    ...by("test/languages/sdks.test.ts", '"add"', /^pulumi package add \S+\/plugin$/),
    ...by(AGENCIES, '"offer"', /^npx --no qp-tunnel offer audit\/prod\.jsonl(?: --for offers\/birch\.json)? -o \S+$/),
    ...by(AGENCIES, '"observe"', /^npx --no qp-tunnel audit observe audit\/prod\.jsonl offers\/birch\.json --key "\$BIRCH_LOG_KEY"$/, /^pulumi refresh$/),
    ...by(AGENCIES, '"--observed-by"', /^npx --no qp-tunnel audit verify birch\.jsonl --observed-by alder\.jsonl$/),
    ...by(AGENCIES, "EMPTY", /^cd (?:examples\/agencies\/birch|\.\.\/alder)$/, /^echo '\{ "format": "qp-tunnel-offer\/1", .*\}' > offers\/alder\.json$/, /^pulumi stack init prod && pulumi (?:up|preview)$/),
    ...by("test/unit/cli/completion/commands.test.ts", "completion", /^npx --no qp-tunnel completion (?:bash|zsh|fish) > /),
]; // prettier-ignore

/** What no test can run, each with why. */
const EXCEPTED: [command: RegExp, why: string][] = [
    [/^npm (?:ci|ci && npm test|test|run build|run test:unit|run test:slow)(?: -- \S+)?$/, "is what runs this test"],
    [/^curl --cacert relay-ca\.pem https:/, "needs a curl with OpenSSL 3.5; services.test.ts does the same with Node"],
    [/^(?:sudo )?ip netns add try$/, "changes this machine; the laboratory makes its own namespaces"],
    [/^pulumi destroy && ip netns del try$/, "the same"],
    [/^npm install --save-dev @pulumi\/policy$/, "is in this repository's own package.json"],
    [/^npm run bench$/, "measures for minutes"],
    [/^npm run compliance(?: -- --only unit)?$/, "runs tests like this one"],
    [/^npm run test:languages$/, "is what runs test/languages"],
    [/^npm run test:vm$/, "emulates a machine for many minutes"],
    [/^export PULUMI_(?:BACKEND_URL|CONFIG_PASSPHRASE)=/, "a setting of the reader's own"],
    [/^umask 077$/, "the same"],
    [/^jq -r .* audit\/prod\.jsonl \| column /, "a reader's own tools"],
    [/^nft list table inet qp_tunnel_wg0$/, "the table's name is the laboratory's there; every firewall test lists one"],
    [/^wg set wg0 peer NEWKEY /, "on a peer's machine, with keys of its own; rotation.slow.test.ts does it"],
]; // prettier-ignore

test.each(pages)("every command of %s is run by a test or is an exception", (page) => {
    const unknown = commandsIn(page).filter(
        (line) => !RUN.some(({ command }) => command.test(line)) && !EXCEPTED.some(([command]) => command.test(line)),
    );
    expect(unknown).toEqual([]);
});

test.each(RUN)("$test runs $command", ({ test: file, shows }) => {
    expect(existsSync(join(root, file))).toBe(true);
    expect(readFileSync(join(root, file), "utf8")).toContain(shows);
});

test("nothing is excepted, or said to be run, that no page prints", () => {
    const all = pages.flatMap(commandsIn);
    const unused = [...RUN.map(({ command }) => command), ...EXCEPTED.map(([command]) => command)].filter(
        (command) => !all.some((line) => command.test(line)),
    );
    expect(unused).toEqual([]);
});
