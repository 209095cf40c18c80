"use strict";
// An emulated processor is slow: a boot takes half a minute, an update some; a hang must still end.
jest.setTimeout(900_000);
