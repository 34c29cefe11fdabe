"""What turns a deposited energy into reconstructed bins. One model a file.

Entries implement `cevns.detectors.framework.responding.ResponseModel`.
"""
