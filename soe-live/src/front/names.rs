//! Names of functions, and where the two dialects put them.
//!
//! A broker knows functions by any text. OpenWhisk has namespaces and packages: the
//! function `f` is the action `f` of the default namespace, `/guest/f` is the action `f`
//! of `guest`, `/guest/p/f` is in its package `p`.

/// Where OpenWhisk finds a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The namespace.
    pub namespace: String,
    /// The package; empty if there is none.
    pub package: String,
    /// The action.
    pub action: String,
}

impl Place {
    /// The place of a function, if it has one.
    pub fn of(function: &str, default: &str) -> Option<Self> {
        let (namespace, rest) = match function.strip_prefix('/') {
            Some(rest) => rest.split_once('/')?,
            None => (default, function),
        };
        let (package, action) = rest.split_once('/').unwrap_or(("", rest));
        let is_name = |part: &str| !part.is_empty() && !part.contains('/');
        let good = is_name(namespace) && is_name(action) && namespace != UNNAMED;
        let good = good && (is_name(package) || !rest.contains('/'));
        good.then(|| Self {
            namespace: namespace.to_owned(),
            package: package.to_owned(),
            action: action.to_owned(),
        })
    }

    /// The namespace with the package, as lists of actions have it.
    pub fn scope(&self) -> String {
        match &*self.package {
            "" => self.namespace.clone(),
            package => format!("{}/{package}", self.namespace),
        }
    }

    /// The whole name.
    pub fn path(&self) -> String {
        format!("{}/{}", self.scope(), self.action)
    }
}

/// The namespace that means the one of the caller.
pub const UNNAMED: &str = "_";

/// A request for a function, in the words of OpenWhisk.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The namespace in the path of the request.
    pub namespace: &'a str,
    /// The namespace of the caller.
    pub own: &'a str,
    /// The namespace of functions without one.
    pub default: &'a str,
    /// The package.
    pub package: Option<&'a str>,
    /// The action.
    pub action: &'a str,
}

impl Wanted<'_> {
    /// The namespace that is meant.
    pub fn namespace(&self) -> &str {
        match self.namespace {
            UNNAMED => self.own,
            named => named,
        }
    }

    /// The names that a broker may know the function by; the first is the one that the
    /// original uses.
    pub fn candidates(&self) -> Vec<String> {
        let short = match self.package {
            Some(package) => format!("{package}/{}", self.action),
            None => self.action.to_owned(),
        };
        let full = format!("/{}/{short}", self.namespace());
        match (self.namespace() == self.default, self.namespace == UNNAMED) {
            (true, true) => vec![short, full],
            (true, false) => vec![full, short],
            (false, _) => vec![full],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(function: &str) -> Option<(String, String)> {
        Place::of(function, "guest").map(|place| (place.scope(), place.action))
    }

    #[test]
    fn every_place_has_the_name_from_which_it_came_among_its_candidates() {
        for (function, scope, action) in [
            ("f", "guest", "f"),
            ("p/f", "guest/p", "f"),
            ("/guest/f", "guest", "f"),
            ("/other/f", "other", "f"),
            ("/other/p/f", "other/p", "f"),
        ] {
            let found = Place::of(function, "guest").unwrap();
            assert_eq!((&*found.scope(), &*found.action), (scope, action));
            let wanted = Wanted {
                namespace: &found.namespace,
                own: "guest",
                default: "guest",
                package: Some(&*found.package).filter(|package| !package.is_empty()),
                action: &found.action,
            };
            assert!(wanted.candidates().contains(&function.to_owned()));
        }
        for without in [
            "", "/", "/f", "//f", "/guest/", "/a/b/c/d", "a/b/c", "a//b", "/_/f", "p/",
        ] {
            assert_eq!(place(without), None, "{without}");
        }
    }

    #[test]
    fn the_name_that_the_original_uses_comes_first() {
        let candidates = |namespace, own| {
            let wanted = Wanted {
                namespace,
                own,
                default: "guest",
                package: None,
                action: "f",
            };
            wanted.candidates()
        };
        assert_eq!(candidates("_", "guest"), ["f", "/guest/f"]);
        assert_eq!(candidates("guest", "guest"), ["/guest/f", "f"]);
        assert_eq!(candidates("other", "guest"), ["/other/f"]);
        assert_eq!(candidates("_", "other"), ["/other/f"]);
    }
}
