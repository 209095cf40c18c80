"use strict";
const { stage } = require("../lab/progress");

// An emulated processor is slow: a boot takes half a minute, an update some; a hang must still end.
jest.setTimeout(1_800_000);

let over;
beforeEach(() => void (over = stage(`test "${expect.getState().currentTestName}"`)));
afterEach(() => over());
