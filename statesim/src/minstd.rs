//! Prototype.
#[derive(Clone, Debug)]
pub(crate) struct Minstd(u64);
impl Minstd {
    pub(crate) fn new(seed: u64) -> Self {
        Self(match seed % 2147483647 {
            0 => 1,
            x => x,
        })
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0 * 16807 % 2147483647;
        self.0
    }
    pub(crate) fn uniform_real(&mut self, a: f64, b: f64) -> f64 {
        let r = 2147483646.0f64;
        let s = (self.next() - 1) as f64 + (self.next() - 1) as f64 * r;
        let mut c = s / (r * r);
        if c >= 1.0 {
            c = 1.0 - f64::EPSILON / 2.0;
        }
        c * (b - a) + a
    }
    pub(crate) fn uniform_int(&mut self, a: u64, b: u64) -> u64 {
        let e = b - a + 1;
        let scaling = 2147483645 / e;
        let past = e * scaling;
        loop {
            let r = self.next() - 1;
            if r < past {
                return a + r / scaling;
            }
        }
    }
}
