"""What experiments would measure: expected errors by topic, years and error of the flux."""
