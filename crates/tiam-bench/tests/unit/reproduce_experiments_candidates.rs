use std::collections::BTreeSet;

use super::*;

#[test]
fn every_method_is_searched_alike_and_by_different_settings() {
    for &method in Method::compared() {
        let all = candidates(method, 7, 48);
        let names: BTreeSet<&String> = all.iter().map(|(name, _)| name).collect();
        assert_eq!((all.len(), names.len()), (48, 48), "{method}");
        assert_eq!(all[0].0, "published");
        let few = candidates(method, 7, 6);
        let same = few.iter().zip(&all).all(|(few, all)| few.0 == all.0);
        assert!(same && few.len() == 6, "{method}");
    }
}
