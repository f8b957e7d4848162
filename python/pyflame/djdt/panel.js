// Gives the frame with the picture its size and the toolbar's theme.
//
// Where the toolbar renders panels with the page (RENDER_PANELS), it leaves `data-djdt-styles`
// alone, which it applies to panels that it loads later, and its style sheet takes back what the
// attributes of the frame say. A policy may forbid styles in the markup, but not those that are set
// by a script. What is in a frame takes its colour scheme from the element that the frame is.

const root = document.getElementById("djDebugRoot")?.shadowRoot ?? document;
const toolbar = root.querySelector("#djDebug");

function dress() {
    for (const frame of root.querySelectorAll("#FlamegraphPanel iframe")) {
        for (const style of frame.dataset.djdtStyles.split(";")) {
            const [name, value] = style.split(":");
            frame.style[name] = value;
        }
        frame.style.colorScheme = toolbar.dataset.theme ?? "";
    }
}

// Frames come with other requests; the theme is there once the toolbar's own script has run.
new MutationObserver(dress).observe(toolbar, {
    attributeFilter: ["data-theme"], childList: true, subtree: true,
});
dress();
