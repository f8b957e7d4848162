// Keys: arrows move from frame to frame, Enter zooms, Escape and Backspace take a zoom back.

// The frame that an arrow key leads to, or the same one.
function neighbour(frames, view, index, key) {
  if (key === 'ArrowLeft' || key === 'ArrowRight') {
    const step = key === 'ArrowLeft' ? -1 : 1;
    let next = index + step;
    while (next >= 0 && next < frames.count) {
      if (frames.depth[next] === frames.depth[index] && view.isShown(next)) return next;
      next += step;
    }
    return index;
  }
  if ((key === 'ArrowUp') !== frames.upwards) return frames.parent[index] < 0 ? index : frames.parent[index];
  return widestCallee(frames, view, index);
}

function widestCallee(frames, view, index) {
  let best = index;
  for (let child = index + 1; child < frames.end[index]; child = frames.end[child]) {
    const wider = best === index || frames.width[child] > frames.width[best];
    if (view.isShown(child) && wider) best = child;
  }
  return best;
}

function listenToKeys(target, frames, view, actions) {
  target.addEventListener('keydown', function (event) {
    const control = event.ctrlKey || event.metaKey;
    if (event.altKey || event.defaultPrevented) return;
    if (event.key === 'F3' || (control && event.key.toLowerCase() === 'f')) actions.openSearch();
    else if (control) return;
    else if (event.key === '/') actions.openSearch();
    else if (event.key === 'n') actions.step(1);
    else if (event.key === 'N') actions.step(-1);
    else if (event.key === 'Escape') actions.escape();
    else if (event.key === 'Backspace') actions.unzoom();
    else if (event.key === 'Home') actions.zoom(0);
    else if (event.key.startsWith('Arrow')) {
      const from = view.focused();
      actions.focus(from < 0 ? view.zoomed() : neighbour(frames, view, from, event.key));
    } else if (event.key === 'Enter' && view.focused() >= 0) actions.zoom(view.focused());
    else return;
    event.preventDefault();
  });
}
