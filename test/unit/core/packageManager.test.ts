import fc from "fast-check";

import { lockOf, packageManagerOf } from "../../../core/packageManager.js";

const LOCKS = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
};
const FOLDERS = ["/", "/home", "/home/shop", "/home/shop/infra"];

test.each(Object.entries(LOCKS))("%s is the lock file of %s", (file, name) => {
    expect(packageManagerOf("/shop", (path) => path === `/shop/${file}`).name).toBe(name);
});

test("a project without a lock file is installed with npm", () => {
    expect(lockOf("/shop/infra", () => false)).toBeUndefined();
    expect(packageManagerOf("/shop/infra", () => false)).toMatchObject({ name: "npm", install: "npm install" });
});

test("the nearest lock file decides, and none below the project", () => {
    const places = fc.dictionary(fc.constantFrom(...FOLDERS), fc.constantFrom(...Object.keys(LOCKS)));
    fc.assert(
        fc.property(places, fc.nat(FOLDERS.length - 1), (locks, depth) => {
            const files = Object.entries(locks).map(([folder, file]) => `${folder}/${file}`.replace("//", "/"));
            const at = FOLDERS.slice(0, depth + 1).findLast((folder) => folder in locks);
            const found = lockOf(FOLDERS[depth]!, (file) => files.includes(file));
            expect(found?.manager.name).toBe(at === undefined ? undefined : LOCKS[locks[at] as keyof typeof LOCKS]);
        }),
    );
});

test("two in one folder: as Pulumi decides", () => {
    expect(packageManagerOf("/shop", (file) => /yarn\.lock|package-lock/.test(file)).name).toBe("yarn");
});
