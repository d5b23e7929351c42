//! The tables of the fit.

use super::Role;

/// Values and how often each occurs.
pub(in crate::workload) type Counts = &'static [(u32, u32)];

/// Number of tasks of a job without states.
pub(in crate::workload) const STATELESS_LENGTH: Counts = &[
    (1, 3471), (2, 3451), (3, 2605), (4, 697), (5, 255), (6, 87), (7, 45), (8, 29), (9, 15),
    (10, 6), (11, 6), (12, 5), (14, 4), (16, 4), (20, 8), (50, 1),
];

/// Number of tasks of a chain with states.
pub(in crate::workload) const CHAIN_LENGTH: Counts = &[
    (2, 1092), (3, 1504), (4, 1103), (5, 548), (6, 255), (7, 151), (8, 68), (9, 27), (10, 9),
    (11, 8), (12, 3), (13, 6), (14, 6), (16, 1), (19, 1), (21, 2), (22, 2), (25, 2),
];

/// Number of states of a chain of 2, 3, 4, 5, 6, and 7 or more tasks.
pub(in crate::workload) const STATES: [Counts; 6] = [
    &[
        (1, 643), (2, 235), (3, 104), (4, 48), (5, 17), (6, 11), (7, 10), (8, 11), (10, 4),
        (14, 5), (17, 4),
    ],
    &[
        (1, 789), (2, 369), (3, 178), (4, 87), (5, 32), (6, 22), (7, 5), (8, 11), (12, 3),
        (14, 4), (17, 3), (26, 1),
    ],
    &[(1, 491), (2, 372), (3, 146), (4, 40), (5, 25), (6, 9), (7, 9), (9, 5), (11, 4), (14, 2)],
    &[(1, 180), (2, 232), (3, 72), (4, 29), (5, 15), (6, 10), (7, 4), (9, 2), (11, 1), (18, 3)],
    &[(1, 67), (2, 88), (3, 49), (4, 23), (5, 7), (6, 10), (7, 3), (9, 4), (11, 4)],
    &[
        (1, 59), (2, 55), (3, 67), (4, 34), (5, 29), (6, 5), (7, 4), (8, 4), (10, 16), (12, 4),
        (15, 7), (24, 2),
    ],
];

/// Number of tasks of a job that are neither of the chain nor states, for 1, 2, 3, 4,
/// 5, and 6 or more states.
pub(in crate::workload) const OTHERS: [Counts; 6] = [
    &[
        (0, 1270), (1, 334), (2, 240), (3, 105), (4, 92), (5, 28), (6, 36), (7, 25), (8, 23),
        (9, 19), (10, 27), (12, 9), (16, 14), (25, 7),
    ],
    &[
        (0, 490), (1, 206), (2, 193), (3, 79), (4, 133), (5, 67), (6, 48), (7, 13), (8, 23),
        (9, 9), (10, 24), (12, 8), (14, 35), (20, 14), (26, 8), (65, 1),
    ],
    &[
        (0, 167), (1, 93), (2, 91), (3, 72), (4, 36), (5, 17), (6, 21), (7, 6), (8, 22), (9, 32),
        (11, 21), (12, 10), (14, 18), (16, 8), (25, 2),
    ],
    &[
        (0, 39), (1, 43), (2, 31), (3, 38), (4, 19), (5, 15), (6, 16), (7, 9), (8, 20), (9, 10),
        (12, 10), (16, 6), (19, 3), (36, 2),
    ],
    &[
        (0, 17), (1, 20), (2, 13), (3, 13), (4, 8), (5, 10), (6, 9), (7, 10), (8, 4), (11, 8),
        (17, 9), (25, 4),
    ],
    &[
        (0, 28), (1, 5), (2, 13), (3, 20), (4, 11), (5, 12), (6, 13), (7, 6), (8, 20), (10, 20),
        (12, 11), (15, 16), (19, 13), (24, 10), (29, 4), (40, 4), (72, 2),
    ],
];

/// Which task of the chain needs a state: the first, one in between, the last.
pub(in crate::workload) const USER: [u32; 3] = [811, 5779, 1953];
/// The same for a chain of two: the first, the last.
pub(in crate::workload) const USER_OF_TWO: [u32; 2] = [135, 1991];
/// Part of the states that a second task of the chain needs.
pub(in crate::workload) const NEEDED_TWICE: f64 = 0.035;
/// Part of the tasks of a chain that need the one before in the order of numbers; the
/// others need an earlier one.
pub(in crate::workload) const NEEDS_PREVIOUS: f64 = 0.959;
/// Part of the tasks of a chain that need another of the chain as well.
pub(in crate::workload) const NEEDS_ANOTHER: f64 = 0.018;
/// Part of the other tasks that follow one another; the others stand side by side.
pub(in crate::workload) const OTHERS_IN_LINE: f64 = 0.7;

/// Part of the stateful jobs that ask for half a core, for chains of 2, 3, 4, 5, 6, and
/// 7 or more tasks; the others ask for a whole core.
pub(in crate::workload) const HALF_CORE: [f64; 6] = [0.597, 0.559, 0.441, 0.372, 0.259, 0.297];
/// The same for stateless jobs.
pub(in crate::workload) const STATELESS_HALF_CORE: f64 = 0.499;

/// Probabilities at which the quantiles below are given.
pub(super) const PROBABILITIES: [f64; 25] = [
    0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8,
    0.85, 0.9, 0.95, 0.97, 0.99, 0.997, 0.999, 1.0,
];

/// Quantiles of the duration in seconds, of tasks with half a core and with a whole one.
pub(super) const DURATION: [(Role, [[u32; 25]; 2]); 3] = [
    (
        Role::Chain,
        [
            [
                0, 1, 2, 3, 4, 7, 9, 13, 18, 25, 36, 49, 65, 85, 111, 151, 209, 294, 401, 617,
                764, 1137, 1586, 3333, 8588,
            ],
            [
                0, 1, 1, 2, 3, 4, 6, 7, 8, 10, 12, 14, 17, 20, 25, 29, 36, 46, 61, 100, 136, 275,
                410, 529, 22598,
            ],
        ],
    ),
    (
        Role::Rest,
        [
            [
                0, 1, 1, 3, 4, 5, 7, 9, 13, 17, 22, 28, 36, 46, 60, 83, 121, 182, 277, 410, 536,
                807, 1230, 1423, 8085,
            ],
            [
                0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 15, 18, 22, 26, 33, 45, 69, 96, 323, 529,
                657, 2910,
            ],
        ],
    ),
    (
        Role::Stateless,
        [
            [
                0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 29, 49, 96, 225, 319, 452,
                755, 1141, 10709,
            ],
            [
                0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 7, 8, 11, 15, 21, 29, 49, 89, 223, 276, 397,
                821, 3168,
            ],
        ],
    ),
];

/// Quantiles of the number of instances of a task.
pub(super) const INSTANCES: [u32; 25] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 5, 8, 16, 49, 235, 351, 877, 1615, 3682, 25152];

/// Memory in hundredths and how often it occurs, with half a core and with a whole one.
pub(super) const MEMORY: [(Role, [Counts; 2]); 3] = [
    (
        Role::Chain,
        [
            &[(15, 13), (16, 3), (20, 587), (30, 122), (39, 214), (49, 19), (59, 36), (97, 3)],
            &[
                (20, 4), (30, 221), (35, 9), (39, 281), (49, 273), (59, 197), (64, 4), (69, 6),
                (79, 4), (235, 1),
            ],
        ],
    ),
    (
        Role::Rest,
        [
            &[
                (15, 10), (20, 566), (30, 118), (39, 200), (49, 37), (59, 55), (64, 4), (82, 4),
                (97, 3),
            ],
            &[(30, 519), (35, 14), (39, 150), (49, 220), (59, 82), (64, 6), (69, 6), (79, 3)],
        ],
    ),
    (
        Role::Stateless,
        [
            &[(15, 9), (20, 675), (30, 77), (39, 192), (49, 8), (59, 31), (68, 5), (97, 2)],
            &[
                (20, 107), (25, 58), (30, 319), (35, 3), (39, 358), (44, 2), (49, 144), (59, 7),
                (79, 2),
            ],
        ],
    ),
];
