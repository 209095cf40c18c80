"use strict";
// The engine, and browsers that start for the first time.
jest.setTimeout(240_000);
