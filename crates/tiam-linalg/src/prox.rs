//! temporary stand-in
use crate::real::Real;
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossSum { pub loss: f64, pub correct: usize }
pub fn l1_norm<T: Real>(w: &[T]) -> f64 { w.iter().map(|x| x.abs().to_f64()).sum() }
pub fn prox_cross_entropy_scratch_len(n: usize) -> usize { n }
pub fn prox_squared<T: Real>(z:&mut [T], c:&[T], t:&[T], rho: T) { for i in 0..z.len() { z[i] = (t[i] + rho*c[i])/(T::one()+rho); } }
pub fn squared_loss<T: Real>(z:&[T], t:&[T]) -> f64 { z.iter().zip(t).map(|(a,b)| 0.5*(*a-*b).to_f64().powi(2)).sum() }
pub fn cross_entropy<T: Real>(z:&[T], labels:&[u32], n: usize) -> LossSum {
    let mut s = LossSum::default();
    for (z, y) in z.chunks_exact(n).zip(labels) {
        let m = z.iter().map(|x| (*x).to_f64()).fold(f64::MIN, f64::max);
        let l: f64 = z.iter().map(|x| ((*x).to_f64()-m).exp()).sum();
        s.loss += l.ln() + m - z[*y as usize].to_f64();
        let mut k=0; for i in 0..n { if z[i] > z[k] { k = i; } }
        if k == *y as usize { s.correct += 1; }
    }
    s
}
pub fn prox_cross_entropy<T: Real>(z:&mut [T], c:&[T], labels:&[u32], n: usize, rho: T, _w:&mut [T]) {
    let rho = rho.to_f64();
    for ((z, c), y) in z.chunks_exact_mut(n).zip(c.chunks_exact(n)).zip(labels) {
        let c: Vec<f64> = c.iter().map(|x| (*x).to_f64()).collect();
        let mut x: Vec<f64> = z.iter().map(|x| (*x).to_f64()).collect();
        let f = |x:&[f64]| { let m = x.iter().cloned().fold(f64::MIN, f64::max); let l: f64 = x.iter().map(|v| (v-m).exp()).sum(); l.ln()+m-x[*y as usize] + 0.5*rho*x.iter().zip(&c).map(|(a,b)| (a-b)*(a-b)).sum::<f64>() };
        for _ in 0..100 {
            let m = x.iter().cloned().fold(f64::MIN, f64::max); let s: f64 = x.iter().map(|v| (v-m).exp()).sum();
            let p: Vec<f64> = x.iter().map(|v| (v-m).exp()/s).collect();
            let g: Vec<f64> = (0..n).map(|i| p[i] - f64::from(i == *y as usize) + rho*(x[i]-c[i])).collect();
            if g.iter().all(|v| v.abs() < 1e-15) { break; }
            let den: f64 = p.iter().map(|p| rho*p/(p+rho)).sum();
            let q: f64 = (0..n).map(|i| p[i]*g[i]/(p[i]+rho)).sum::<f64>()/den;
            let d: Vec<f64> = (0..n).map(|i| (g[i] + p[i]*q)/(p[i]+rho)).collect();
            let gd: f64 = (0..n).map(|i| g[i]*d[i]).sum(); let f0 = f(&x); let mut t = 1.0;
            let mut nx: Vec<f64> = x.clone();
            for _ in 0..40 { for i in 0..n { nx[i] = x[i]-t*d[i]; } if f(&nx) <= f0 - 1e-4*t*gd + 1e-14*f0.abs() { break; } t *= 0.5; }
            x = nx;
        }
        for i in 0..n { z[i] = T::from_f64(x[i]); }
    }
}

pub fn softmax_in_place<T: Real>(z:&mut [T], n: usize) { for z in z.chunks_exact_mut(n) { let m = z.iter().fold(T::neg_infinity(), |a,b| a.max(*b)); let mut s = T::zero(); for x in z.iter_mut() { *x = (*x-m).exp(); s += *x; } for x in z.iter_mut() { *x /= s; } } }
