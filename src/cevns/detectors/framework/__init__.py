"""What models of detector effects share, and the response tables made from them."""
