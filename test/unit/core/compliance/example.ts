import { readControls } from "../../../../core/compliance/index.js";
import type { Controls } from "../../../../core/compliance/model.js";

/** Two claims, checked by two tests and a command. */
export const CLAIMS = `
topics:
  - title: Keys
    claims:
      - id: own-key
        claim: Each peer has a key | of its own.
        checks:
          - test: test/unit/keys.test.ts
            titles: ["keys > are *different*", "keys > of %s are refused"]
        evidence: ["\`sudo wg show\`"]
        notCovered: the device
  - title: Stack
    claims:
      - id: stack-intact
        claim: The log of this stack is intact.
        checks:
          - test: test/integration/log.test.ts
            titles: [verifies]
          - command: qp-tunnel audit verify {log} --state {state}
            shows: no record is missing
        notCovered: what was never written
`;

const framework = (title: string, control: string): string => `
title: ${title}
edition: its first edition
source: https://standards.example/${title.toLowerCase()}
introduction: What ${title} asks.
sections:
  - title: Keys
    controls:
      - id: ${control}
        title: identity
        claims: [own-key, stack-intact]
      - title: Further
        claims: [own-key]
outOfScope: [{ what: A9 buildings, reason: yours }]
`;

/** Files of controls/ by name. */
export const FILES: Readonly<Record<string, string>> = {
    "claims.yaml": CLAIMS,
    "soc2.yaml": framework("Soc", "CC6.1"),
    "iso27001.yaml": framework("Iso", "A.8.1"),
    "hipaa.yaml": framework("Hipaa", "164.312(a)(2)(i)"),
    "cmmc.yaml": framework("Cmmc", "AC.L2-3.1.1"),
    "fedramp.yaml": framework("Fedramp", "AC-17(2)"),
    "pci-dss.yaml": framework("Pci", "1.2.1"),
};

export const EXAMPLE: Controls = readControls(FILES);

/** What jest says of a file: statuses by titles from the outermost inwards. */
export function suite(name: string, tests: Record<string, string>, message = ""): object {
    const assertionResults = Object.entries(tests).map(([path, status]) => {
        const titles = path.split(" > ");
        const failureMessages = status === "failed" ? ["\u001b[31mError: expected 1\u001b[39m\n    at x"] : [];
        return { ancestorTitles: titles.slice(0, -1), title: titles.at(-1), status, failureMessages };
    });
    const failed = message !== "" || Object.values(tests).includes("failed");
    return { name, message, status: failed ? "failed" : "passed", assertionResults };
}

/** A report of jest as text. */
export const reportOf = (...suites: object[]): string => JSON.stringify({ numPassedTests: 1, testResults: suites });
