"use strict";
var __importDefault = (this && this.__importDefault) || function (mod) { return mod; };
Object.defineProperty(exports, "__esModule", { value: true });
exports.later = exports.run = void 0;
const fs_1 = __importDefault(require("fs"));
const tslib_1 = require("tslib");
const path = tslib_1.__importStar(require("path"));
__exportStar(require("./star"), exports);
tslib_1.__exportStar(require("./other-star"), exports);
Object.defineProperty(exports, "x", { enumerable: true, get: function () { return fs_1.x; } });
function run() {}
exports.run = run;
exports.later = () => path;
exports.default = run;
