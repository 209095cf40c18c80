"use strict";
// The engine, WireGuard and a loaded machine take their time; a hang must still end.
jest.setTimeout(240_000);
