// Puts the parts together once the picture is there.

const svg = document.currentScript
  ? document.currentScript.closest('svg')
  : document.querySelector('svg.pyflame');
const frames = readFrames(svg);
// Whether the page shows nothing but this picture, so that its keys, scrolling and (for a page
// that is the picture itself) its address are ours to use.
const isDocument = document.documentElement === svg;
const ownsPage = isDocument || (document.body && document.body.children.length <= 1);
if (frames.count > 0) start();

function start() {
  const view = makeView(svg, frames);
  const details = makeDetails(svg, frames);
  const search = makeSearch(svg, frames);
  const header = svg.querySelector('.header');
  const controls = make('svg', { class: 'controls', x: '100%', overflow: 'visible' });
  const field = makeSearchField(controls, {
    change: runSearch,
    step: step,
    end: endSearch,
  });
  const searchButton = button('Search', 68, openSearch);
  const resetButton = button('Reset zoom', 88, function () { zoom(0); });
  controls.append(resetButton, searchButton, field.place);
  header.querySelector('svg').append(controls);
  // Last, so that it lies on top of the frames while the page scrolls.
  svg.append(header);

  const group = svg.querySelector('.frames');
  group.addEventListener('mouseover', point);
  // Frames that are drawn together are one thing to the page.
  if (frames.hasPacked) group.addEventListener('mousemove', point);
  svg.querySelector('.stage').addEventListener('mouseleave', rest);
  group.addEventListener('click', function (event) {
    const index = frames.indexOf(event);
    // A frame that is a link is followed; with Ctrl it zooms like the others.
    const isLink = index >= 0 && event.target.parentNode.nodeName === 'a';
    if (isLink && !event.ctrlKey) return;
    if (isLink) event.preventDefault();
    if (index >= 0) zoom(index);
  });
  svg.setAttribute('tabindex', '0');
  listenToKeys(ownsPage ? window : svg, frames, view, {
    zoom, focus, step, openSearch,
    unzoom: function () { view.unzoom(); settle(); },
    escape: function () {
      if (field.term() !== '') endSearch();
      else if (view.focused() >= 0 && view.zoomed() === 0) focus(-1);
      else { view.unzoom(); settle(); }
    },
  });
  window.addEventListener('resize', function () { requestAnimationFrame(fitWidth); });
  window.addEventListener('beforeprint', view.drawLabelsForPaper);
  window.addEventListener('afterprint', view.drawLabels);
  if (ownsPage) {
    window.addEventListener('scroll', keepHeader, { passive: true });
  }
  fitWidth();
  restore();
  showRoot();

  function button(text, width, action) {
    const element = make('g', { class: 'button', role: 'button', tabindex: 0 });
    element.append(
      make('rect', { class: 'pill', width: width, height: 28, rx: 14, fill: '#eceef1' }),
      make('text', { x: width / 2, y: 18, 'text-anchor': 'middle' }, text),
    );
    element.addEventListener('click', action);
    element.addEventListener('keydown', function (event) {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      event.stopPropagation();
      action();
    });
    return element;
  }

  function point(event) {
    const index = frames.indexOf(event);
    if (index < 0 || index === view.hovered()) return;
    view.mark('hover', index);
    details.show(index, view.stageWidth());
  }

  function rest() {
    view.mark('hover', -1);
    if (view.focused() >= 0) details.show(view.focused(), view.stageWidth());
    else details.hide();
  }

  function zoom(index) {
    view.zoom(index);
    settle();
  }

  function settle() {
    field.report(search.summary(view.zoomed()));
    placeControls();
    remember();
  }

  function focus(index) {
    if (index >= 0 && !view.isShown(index)) view.zoom(0);
    view.mark('focus', index);
    rest();
    if (index >= 0) reveal(frames.rect(index));
    settle();
  }

  // Scrolls only where the frame is out of sight, the header's height included.
  function reveal(rect) {
    const place = rect.getBoundingClientRect();
    const top = header.getBoundingClientRect().bottom;
    if (place.top >= top && place.bottom <= window.innerHeight) return;
    rect.scrollIntoView({ block: 'center', inline: 'nearest' });
  }

  function openSearch() {
    field.open();
    placeControls();
  }

  function runSearch(term, settings) {
    search.search(term, settings);
    view.drawLabels();
    settle();
  }

  function endSearch() {
    field.close();
    search.clear();
    view.drawLabels();
    focus(-1);
    svg.focus({ preventScroll: true });
  }

  function step(by) {
    const index = search.step(by, view.zoomed());
    if (index >= 0) focus(index);
  }

  function fitWidth() {
    view.drawLabels();
    details.fitWidth(view.stageWidth());
    placeControls();
    keepHeader();
  }

  // Everything at the right end of the heading's row; the heading gives way.
  function placeControls() {
    const room = view.stageWidth();
    const open = field.place.getAttribute('display') !== 'none';
    const width = Math.min(room, 440);
    field.place.setAttribute('width', width);
    field.place.setAttribute('x', -width);
    searchButton.setAttribute('display', open ? 'none' : 'inline');
    searchButton.setAttribute('transform', 'translate(-68 7)');
    const taken = open ? width : 68;
    const fits = room - taken > 96;
    resetButton.setAttribute('display', view.zoomed() !== 0 && fits ? 'inline' : 'none');
    resetButton.setAttribute('transform', 'translate(' + (-taken - 96) + ' 7)');
  }

  // The header stays in sight while a tall picture scrolls below it.
  function keepHeader() {
    if (!ownsPage) return;
    const hidden = Math.max(0, -svg.getBoundingClientRect().top);
    header.setAttribute('transform', 'translate(0 ' + hidden + ')');
  }

  // A tall flame graph opens at its root, which is at the bottom.
  function showRoot() {
    if (ownsPage && frames.upwards && window.scrollY === 0) window.scrollTo(0, svg.getBoundingClientRect().height);
    keepHeader();
  }

  function remember() {
    if (!isDocument) return;
    const state = new URLSearchParams();
    if (view.zoomed() !== 0) state.set('frame', view.zoomed());
    if (field.term() !== '') state.set('search', field.term());
    const address = state.toString();
    try {
      history.replaceState(null, '', address ? '#' + address : location.pathname + location.search);
    } catch (error) {
      // Some places forbid it (a sandboxed frame, a blob); the picture works without.
    }
  }

  function restore() {
    if (!isDocument) return;
    const state = new URLSearchParams(location.hash.slice(1));
    const frame = parseInt(state.get('frame'), 10);
    const term = state.get('search');
    if (frame > 0 && frame < frames.count) view.zoom(frame);
    if (term) {
      field.open(term);
      runSearch(term, field.settings);
    }
    placeControls();
  }
}
