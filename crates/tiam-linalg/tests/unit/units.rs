use super::*;
use crate::forward::AffineLayer;
use crate::matrix::Matrix;

fn layout() -> UnitLayout {
    let (first, second) = (Matrix::<f32>::zeros(3, 2), Matrix::zeros(2, 3));
    let layers = [
        AffineLayer {
            weights: &first,
            bias: &[0.0; 3],
        },
        AffineLayer {
            weights: &second,
            bias: &[0.0; 2],
        },
    ];
    UnitLayout::of(&layers)
}

#[test]
fn units_are_never_cut() {
    let layout = layout();
    assert_eq!(layout.n_parameters(), 3 * 3 + 2 * 4);
    for at in 0..=17 {
        let mut data: Vec<usize> = (0..17).collect();
        let slab = Units::all(&layout, [&mut data[..]]);
        let (head, tail) = slab.split_at(at);
        assert!(head.range.end >= at && [0, 3, 6, 9, 13, 17].contains(&head.range.end));
        assert_eq!(head.data[0].len(), head.range.len());
        assert!(
            tail.data[0]
                .iter()
                .eq(tail.range.clone().collect::<Vec<_>>().iter())
        );
    }
}

#[test]
fn a_part_is_cut_as_the_whole_is() {
    let layout = layout();
    for (first, at) in [
        (3, 0),
        (3, 1),
        (3, 3),
        (6, 2),
        (9, 1),
        (9, 4),
        (13, 4),
        (17, 0),
    ] {
        let mut data: Vec<usize> = (0..17).collect();
        let (_, part) = Units::all(&layout, [&mut data[..]]).split_at(first);
        assert_eq!((part.range.clone(), part.n_cols()), (first..17, 17 - first));
        let (head, tail) = part.split_at(at);
        let middle = head.range.end;
        assert_eq!((head.range.start, tail.range.clone()), (first, middle..17));
        assert!(middle >= first + at && middle < first + at + 4);
        assert!([3, 6, 9, 13, 17].contains(&middle));
        assert!(head.data[0].iter().copied().eq(first..middle));
        assert!(tail.data[0].iter().copied().eq(middle..17));
    }
}

#[test]
fn a_layout_knows_its_ends() {
    let layout = layout();
    assert_eq!((layout.n_inputs(), layout.n_outputs()), (2, 2));
    let parts = layout
        .layers()
        .iter()
        .map(|l| (l.len, l.n_units, l.range()));
    assert_eq!(parts.collect::<Vec<_>>(), [(3, 3, 0..9), (4, 2, 9..17)]);
}

#[test]
fn pieces_cover_a_range_layer_by_layer() {
    let pieces: Vec<_> = layout().pieces(3..13).collect();
    assert_eq!(pieces, [(0, 3..9), (1, 9..13)]);
    assert_eq!(layout().pieces(9..9).count(), 0);
}
