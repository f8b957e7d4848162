//! The frames of a picture, theirs or ours, in comparable form.

use roxmltree::{Document, Node, ParsingOptions};

/// Their frames begin this far from the left edge, in pixels.
const SIDE: f64 = 10.0;

#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) depth: usize,
    pub(crate) x: f64,
    pub(crate) width: f64,
    pub(crate) name: String,
    /// What stands on the frame; an ellipsis for what is cut off.
    pub(crate) label: String,
    pub(crate) count: String,
    pub(crate) fill: String,
}

/// Their frames, ordered by depth and place.
pub(crate) fn theirs(picture: &str, upside_down: bool) -> Vec<Drawn> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(picture, options).unwrap();
    let groups = document.descendants().filter(|node| child(*node, "rect").is_some());
    let frames = groups.filter_map(|group| {
        let title = child(group, "title")?.text()?.to_owned();
        let frame = child(group, "rect")?;
        let (name, rest) = title.rsplit_once(" (")?;
        let label = child(group, "text").and_then(|text| text.text()).unwrap_or_default();
        let drawn = Drawn {
            depth: 0,
            x: number(frame, "x"),
            width: number(frame, "width"),
            name: name.to_owned(),
            label: label
                .strip_suffix("..")
                .map_or(label.to_owned(), |cut| format!("{cut}\u{2026}")),
            count: rest.split_once(' ')?.0.to_owned(),
            fill: frame.attribute("fill")?.to_owned(),
        };
        Some((number(frame, "y"), drawn))
    });
    by_row(frames.collect(), upside_down)
}

/// Our frames in a picture of `width` pixels.
pub(crate) fn ours(picture: &str, width: f64, upside_down: bool) -> Vec<Drawn> {
    let document = Document::parse(picture).unwrap();
    let pixels = |node: Node<'_, '_>, name| percent(node, name) / 100.0 * (width - 2.0 * SIDE);
    let place = |node: Node<'_, '_>| {
        ["x", "y"].map(|name| node.attribute(name).unwrap_or_default().to_owned())
    };
    let within = |node: &Node<'_, '_>, class: &str| {
        let parent = node.parent_element().filter(|_| node.is_element());
        let classes = parent.and_then(|parent| parent.attribute("class"));
        classes.is_some_and(|classes| classes.split(' ').any(|found| found == class))
    };
    let labels: Vec<_> = document
        .descendants()
        .filter(|node| within(node, "labels"))
        .map(|node| (place(node), node.first_element_child().and_then(|text| text.text())))
        .collect();
    let groups = document.descendants().filter(|node| within(node, "frames"));
    let rects = groups.flat_map(|group| group.children()).filter(Node::is_element);
    let frames = rects.map(|rect| {
        let title = rect.first_element_child().and_then(|title| title.text()).unwrap();
        let mut lines = title.lines();
        let name = lines.next().unwrap_or_default().to_owned();
        let figures = lines.next().unwrap_or_default();
        let label = labels.iter().find(|label| label.0 == place(rect)).and_then(|label| label.1);
        let drawn = Drawn {
            depth: 0,
            x: SIDE + pixels(rect, "x"),
            width: pixels(rect, "width"),
            name,
            label: label.unwrap_or_default().to_owned(),
            count: figures.split(' ').next().unwrap_or_default().to_owned(),
            fill: rect
                .parent()
                .and_then(|group| group.attribute("fill"))
                .unwrap_or_default()
                .to_owned(),
        };
        (number(rect, "y"), drawn)
    });
    by_row(frames.collect(), upside_down)
}

/// Turns heights into depths: the root has a row of its own at one end.
fn by_row(frames: Vec<(f64, Drawn)>, upside_down: bool) -> Vec<Drawn> {
    let mut rows: Vec<f64> = frames.iter().map(|frame| frame.0).collect();
    rows.sort_by(f64::total_cmp);
    rows.dedup();
    if !upside_down {
        rows.reverse();
    }
    let depth = |y: f64| rows.iter().position(|row| row.total_cmp(&y).is_eq()).unwrap();
    let mut frames: Vec<Drawn> =
        frames.into_iter().map(|(y, drawn)| Drawn { depth: depth(y), ..drawn }).collect();
    frames.sort_by(|a, b| (a.depth, &a.name).cmp(&(b.depth, &b.name)).then(a.x.total_cmp(&b.x)));
    frames
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

fn percent(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().trim_end_matches('%').parse().unwrap()
}
