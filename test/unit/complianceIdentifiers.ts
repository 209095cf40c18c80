import type { FRAMEWORKS } from "../../core/compliance/index.js";

/**
 * Whether a standard has a control of that name, by the numbers that it gives: the last number of each family or requirement. Of
 * HIPAA, whose paragraphs are not counted through, it is the list of those that are used.
 */
export const identifiers: Record<(typeof FRAMEWORKS)[number], (id: string) => boolean> = {
    soc2: (id) => upTo(/^(CC[1-9]|A1)\.(\d+)$/, { CC1: 5, CC2: 3, CC3: 4, CC4: 2, CC5: 3, CC6: 8, CC7: 5, CC8: 1, CC9: 2, A1: 3 })(id), // prettier-ignore
    iso27001: upTo(/^A\.(\d+)\.(\d+)$/, { 5: 37, 6: 8, 7: 14, 8: 34 }),
    hipaa: (id) => HIPAA.has(id),
    cmmc: (id) => {
        const [, family = "", number = ""] = /^([A-Z]{2})\.L2-(3\.\d+\.\d+)$/.exec(id) ?? [];
        const group = { AC: "3.1", AT: "3.2", AU: "3.3", CM: "3.4", IA: "3.5", IR: "3.6", MA: "3.7", MP: "3.8", PS: "3.9", PE: "3.10", RA: "3.11", CA: "3.12", SC: "3.13", SI: "3.14" }[family]; // prettier-ignore
        const counts = { "3.1": 22, "3.2": 3, "3.3": 9, "3.4": 9, "3.5": 11, "3.6": 3, "3.7": 6, "3.8": 9, "3.9": 2, "3.10": 6, "3.11": 3, "3.12": 4, "3.13": 16, "3.14": 7 }; // prettier-ignore
        return group !== undefined && number.startsWith(`${group}.`) && upTo(/^(3\.\d+)\.(\d+)$/, counts)(number);
    },
    fedramp: (id) => MODERATE.has(id),
    "pci-dss": (id) => upTo(/^(\d+\.\d+)\.(\d+)(?:\.[1-9])?$/, { "1.2": 8, "1.3": 3, "1.4": 5, "1.5": 1, "2.2": 7, "4.2": 2, "6.5": 6, "7.2": 6, "7.3": 3, "8.2": 8, "8.3": 11, "10.2": 2, "10.3": 4, "10.4": 3, "10.5": 1, "10.7": 3, "11.5": 2, "12.3": 4 })(id), // prettier-ignore
};

/** The group of an identifier is known, and its number is not above the group's last. */
function upTo(pattern: RegExp, last: Record<string, number>): (id: string) => boolean {
    return (id) => {
        const [, group = "", number = "0"] = pattern.exec(id) ?? [];
        return Number(number) >= 1 && Number(number) <= (last[group] ?? 0);
    };
}

/** 45 CFR 164.308, 164.312 and 164.316: standards and implementation specifications. */
const HIPAA = new Set([
    ...["164.308(a)(1)(ii)(D)", "164.308(a)(3)(ii)(A)", "164.308(a)(3)(ii)(B)", "164.308(a)(3)(ii)(C)"],
    ...["164.308(a)(4)(ii)(B)", "164.308(a)(4)(ii)(C)", "164.308(a)(5)(ii)(C)", "164.308(a)(6)(ii)"],
    ...["164.308(a)(7)(ii)(A)", "164.308(a)(7)(ii)(B)", "164.308(a)(8)"],
    ...["164.312(a)(1)", "164.312(a)(2)(i)", "164.312(a)(2)(ii)", "164.312(a)(2)(iii)", "164.312(a)(2)(iv)"],
    ...["164.312(b)", "164.312(c)(1)", "164.312(c)(2)", "164.312(d)", "164.312(e)(1)", "164.312(e)(2)(i)"],
    ...["164.312(e)(2)(ii)", "164.316(b)(1)", "164.316(b)(2)(i)"],
]);

/** Controls of the moderate baseline of NIST SP 800-53B that a relay can have a part in. */
const MODERATE = new Set([
    ...["AC-2", "AC-2(1)", "AC-2(2)", "AC-2(3)", "AC-2(4)", "AC-2(5)", "AC-2(13)", "AC-3", "AC-4", "AC-5", "AC-6"],
    ...["AC-12", "AC-17", "AC-17(1)", "AC-17(2)", "AC-17(3)", "AC-17(4)", "AC-19", "AC-20", "AC-21"],
    ...["AU-2", "AU-3", "AU-3(1)", "AU-4", "AU-5", "AU-6", "AU-6(1)", "AU-6(3)", "AU-7", "AU-7(1)", "AU-8", "AU-9"],
    ...["AU-9(4)", "AU-11", "AU-12", "CA-3", "CA-7", "CA-9", "CM-2", "CM-2(2)", "CM-2(3)", "CM-3", "CM-3(2)", "CM-4"],
    ...[
        "CM-5",
        "CM-6",
        "CM-7",
        "CM-7(1)",
        "CM-8",
        "CM-8(1)",
        "CM-8(3)",
        "CP-9",
        "CP-10",
        "IA-2",
        "IA-3",
        "IA-4",
        "IA-5",
    ],
    ...[
        "IA-5(2)",
        "IA-5(6)",
        "IA-7",
        "IR-4",
        "IR-4(1)",
        "IR-5",
        "IR-6",
        "PS-4",
        "PS-5",
        "SA-8",
        "SA-10",
        "SA-11",
        "SA-15",
    ],
    ...[
        "SC-4",
        "SC-5",
        "SC-7",
        "SC-7(3)",
        "SC-7(4)",
        "SC-7(5)",
        "SC-7(7)",
        "SC-7(8)",
        "SC-8",
        "SC-8(1)",
        "SC-10",
        "SC-12",
    ],
    ...[
        "SC-13",
        "SC-17",
        "SC-23",
        "SC-28",
        "SC-39",
        "SI-4",
        "SI-4(2)",
        "SI-4(4)",
        "SI-4(5)",
        "SI-7",
        "SI-7(1)",
        "SI-10",
    ],
]);
