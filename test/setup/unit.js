"use strict";
jest.setTimeout(20_000);
