"""The only place that speaks SQL; every statement runs in a Tx that has set its tenant."""
