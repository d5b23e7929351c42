//! Scenario and study files, their assembly into simulations, and the sweep executor.
