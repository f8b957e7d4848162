// Gives the frame with the picture its size where the toolbar renders panels with the page
// (RENDER_PANELS): it applies `data-djdt-styles` only to panels that it loads later, and its style
// sheet takes back what the attributes of the frame say. A policy may forbid styles in the markup,
// but not those that are set by a script.
function fill() {
    const root = document.getElementById("djDebugRoot")?.shadowRoot ?? document;
    for (const frame of root.querySelectorAll("#FlamegraphPanel iframe")) {
        for (const style of frame.dataset.djdtStyles.split(";")) {
            const [name, value] = style.split(":");
            frame.style[name] = value;
        }
    }
}

if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", fill);
} else {
    fill();
}
