"""Silent failures: the system looked fine and the customer was failed. One module for each."""
