import { name, other, third } from "./m";

function shadowed(name: string) {
  return name;
}
function visible() {
  return name;
}
{
  const name = 1;
  use(name);
}
use(name);
for (const other of list) {
  use(other);
}
use(other);
try {
} catch (third) {
  use(third);
}
use(third);
function hoisting() {
  use(name);
  if (x) {
    var name = 1;
  }
}
class Members {
  name = 1;
  read() {
    return name;
  }
}
const { name: renamed, deep: [other2 = name] } = name;
type Generic<name> = name;
function recursive() {
  recursive();
}
switch (name) {
  case 1:
    let third = 1;
    use(third);
}
