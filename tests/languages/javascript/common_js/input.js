'use strict'

/**
 * The application.
 */

var EventEmitter = require('node:events').EventEmitter
var app = exports = module.exports = {}
const { a, b: { c } = {}, ...rest } = require('./many')
require('./side')
use(require('./argument'))
const dynamic = require(name)

/** Use it. */
app.use = function use(fn) {
  this.fn = fn
  return require('./late')
}
exports.fn = function () {}
exports.Cls = class Named {}
exports.arrow = () => 1
exports.again = require('./again')
exports.member = require('./member').it
exports.value = 1
exports.local = local
exports.nested.deep = 2
exports.__esModule = true
module.exports.more = function more() {}
Object.defineProperty(exports, 'getter', { get: function () { return 1 } })

function Type(x) {
  this.x = x
  this.own = function () { return x }
}
Type.prototype.method = function () {}
Type.fromText = function () {}
window.onload = function () {}

var lazy
function load() {
  lazy = lazy || require('./lazy')
  lazy = require('./lazier')
}
function local() {}
