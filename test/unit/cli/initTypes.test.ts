import { withTypesScript, withoutCheck } from "../../../cli/initTypes.js";

describe("a project's tsconfig.json", () => {
    it.each([
        [
            "as `pulumi new typescript` writes it",
            '{\n    "compilerOptions": {\n        "strict": true,\n        "outDir": "bin"\n    },\n    "files": ["index.ts"]\n}\n',
            '{\n    "compilerOptions": {\n        "noCheck": true,\n        "strict": true,\n        "outDir": "bin"\n    },\n    "files": ["index.ts"]\n}\n',
        ],
        [
            "with comments",
            '{ // ours\n  "compilerOptions": { /* strict */ "strict": true }\n}',
            '{ // ours\n  "compilerOptions": { "noCheck": true, /* strict */ "strict": true }\n}',
        ],
        ["without options", '{"compilerOptions":{}}', '{"compilerOptions":{ "noCheck": true }}'],
        ["that decides already", '{"compilerOptions":{"noCheck": false}}', '{"compilerOptions":{"noCheck": false}}'],
        ["that extends another", '{"extends": "../base.json"}', '{"extends": "../base.json"}'],
    ])("%s", (_what, given, expected) => expect(withoutCheck(given)).toBe(expected));
});

describe("a project's package.json", () => {
    const script = '"types": "tsc --noEmit --noCheck false"';

    it.each([
        [
            "gets the script",
            '{\n  "name": "shop"\n}\n',
            `{\n  "name": "shop",\n  "scripts": {\n    ${script}\n  }\n}\n`,
        ],
        [
            "keeps its other scripts",
            '{\n    "scripts": {\n        "test": "jest"\n    }\n}',
            `{\n    "scripts": {\n        "test": "jest",\n        ${script}\n    }\n}`,
        ],
        ["keeps one of that name", '{"scripts":{"types":"tsc"}}', '{"scripts":{"types":"tsc"}}'],
        ["that is not JSON stays as it is", "{ name", "{ name"],
        ["that is not an object stays as it is", "[]", "[]"],
    ])("%s", (_what, given, expected) => expect(withTypesScript(given)).toBe(expected));
});
