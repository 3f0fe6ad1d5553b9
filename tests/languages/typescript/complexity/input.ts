function simple() {}

function branches(a, b, c) {
  if (a && b && !c) {
    return 1;
  } else if (a || (b && c)) {
    return 2;
  } else {
    return a ?? b;
  }
}

function loops(xs) {
  outer: for (const x of xs) {
    for (let i = 0; i < x; i++) {
      if (i) continue outer;
      while (x) break;
    }
    do {
    } while (x);
  }
  for (const k in xs) {
  }
}

function cases(x) {
  switch (x) {
    case 1:
    case 2:
      return x ? 1 : 2;
    default:
      return 0;
  }
}

function handled() {
  try {
    risky();
  } catch (e) {
    if (e) throw e;
  } finally {
    done();
  }
}

function quiet(a, b = 1) {
  a ||= b;
  return a?.b?.c;
}

function around() {
  return list.map((x) => {
    if (x) return 1;
    function inner() {
      if (x) return 2;
    }
  });
}

function recursion(n) {
  return recursion(n - 1);
}
