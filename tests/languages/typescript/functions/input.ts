/** Overloaded. */
function pick(a: string): string;
function pick(a: number): number;
/** The real one. */
function pick(a: any): any {
  return a;
}
declare function alone(): void;

async function asynchronous() {}
function* generator() {
  yield 1;
}
async function* both() {}
const arrow = (x: number): number => x * 2;
const asyncArrow = async (x) => x,
  second = function named() {
    return named;
  };
let assigned: () => void = function () {};
const cast = (() => {}) as Handler;

function outer() {
  function inner() {
    const deepest = () => inner();
    return deepest;
  }
  const value = 1;
  return inner;
}
if (flag) {
  function conditional() {}
}
call(function expression() {});
call(() => {
  function inCallback() {}
});
const signature = (
  first: string, // why
  /* hidden */ second = "a // b",
) => first;
