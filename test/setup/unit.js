"use strict";
// A hang must end; a loaded machine takes its time.
jest.setTimeout(120_000);
