// The frames as the file has them.
//
// Callers come first and a subtree's frames stand together, so the tree is known from the order
// and the rows: a frame's callees are what follows it until a frame of its own row or below.

function readFrames(svg) {
  const rects = Array.from(svg.querySelectorAll('.frames rect'));
  const count = rects.length;
  const x = new Float64Array(count);
  const width = new Float64Array(count);
  const y = new Float64Array(count);
  const depth = new Int32Array(count);
  const parent = new Int32Array(count).fill(-1);
  const end = new Int32Array(count).fill(count);
  const height = count > 0 ? parseFloat(rects[0].getAttribute('height')) + 1 : 0;
  const places = new Map();
  const open = [];
  rects.forEach(function (rect, index) {
    x[index] = parseFloat(rect.getAttribute('x'));
    width[index] = parseFloat(rect.getAttribute('width'));
    y[index] = parseFloat(rect.getAttribute('y'));
    depth[index] = Math.round(Math.abs(y[index] - y[0]) / height);
    while (open.length > depth[index]) end[open.pop()] = index;
    if (open.length > 0) parent[index] = open[open.length - 1];
    open.push(index);
    places.set(rect, index);
  });

  // What the title says, line by line: name, figures, place, hottest lines.
  function facts(index) {
    const lines = rects[index].firstElementChild.textContent.split('\n');
    return { name: lines[0], figures: lines[1], place: lines[2] || '', lines: lines[3] || '' };
  }

  function contains(outer, inner) {
    return outer <= inner && inner < end[outer];
  }

  // The frame that an element of the page is, or -1.
  function indexOf(element) {
    return places.has(element) ? places.get(element) : -1;
  }

  return { rects, count, indexOf, x, y, width, height, depth, parent, end, facts, contains };
}

// The place as a label shows it: the last two parts of the path.
function shortPlace(place) {
  const parts = place.split(/[/\\]/);
  return parts.slice(-2).join('/');
}
